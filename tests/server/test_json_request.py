"""TF Serving's JSON, read and written without a server."""

import base64
import json

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from tf_adapters.server import json_request
from tf_adapters.server.refusal import Refusal


def signature(**inputs):
    """A definition with inputs of some types."""
    defined = meta_graph_pb2.SignatureDef()
    for name, dtype in inputs.items():
        defined.inputs[name].dtype = tf.as_dtype(dtype).as_datatype_enum
    return defined


TWO = signature(text="string", ids="int32")
ONE = signature(text="string")


def read(body, defined):
    request = json_request.parse(json.dumps(body).encode())
    inputs = json_request.read_inputs(request, defined)
    return {name: value.tolist() for name, value in inputs.items()}


@pytest.mark.parametrize(
    "body",
    [
        {"inputs": {"text": ["a", "ü"], "ids": [[1, 2], [3, 4]]}},
        {
            "instances": [
                {"text": "a", "ids": [1, 2]},
                {"ids": [3, 4], "text": {"b64": "w7w="}},
            ],
            "signature_name": "other",
        },
    ],
    ids=["columns", "rows"],
)
def test_rows_and_columns_say_the_same(body):
    expected = {"text": [b"a", "ü".encode()], "ids": [[1, 2], [3, 4]]}
    assert read(body, TWO) == expected


@pytest.mark.parametrize(
    "body",
    [
        {"inputs": ["a", "b"]},
        {"inputs": {"text": ["a", "b"]}},
        {"instances": ["a", "b"]},
        {"instances": [{"text": "a"}, {"text": "b"}]},
        {"instances": [{"b64": "YQ=="}, {"b64": "Yg=="}]},
    ],
)
def test_a_single_input_need_not_be_named(body):
    assert read(body, ONE) == {"text": [b"a", b"b"]}


def test_an_empty_column_has_no_rows():
    assert read({"inputs": {"text": [], "ids": []}}, TWO) == {
        "text": [],
        "ids": [],
    }


@pytest.mark.parametrize(
    "body, message",
    [
        (b"", "must be JSON"),
        (b"{", "must be JSON"),
        (b"\xff", "must be JSON"),
        (b"[" * 100_000, "must be JSON"),
        (b'{"inputs": ' + b"9" * 5000 + b"}", "must be JSON"),
        ([1], "must be a JSON object"),
        ({}, "Received: neither"),
        ({"inputs": [], "instances": []}, "Received: both"),
        ({"inputs": [], "input": 1}, "Received: input"),
        ({"inputs": [], "signature_name": 1}, "`signature_name` must be"),
        ({"inputs": ["a"]}, "have one. This one has ids, text"),
        ({"inputs": {"text": ["a"], "nli": ["a"]}}, "Received: nli"),
        ({"instances": []}, "a list of one row or more"),
        ({"instances": {"text": "a"}}, "a list of one row or more"),
        ({"instances": ["a", {"text": "b"}]}, "all or none"),
        ({"instances": [{"text": "a"}, {"ids": 1}]}, "in row 1 than in row 0"),
        ({"inputs": {"text": ["a", ["b"]]}}, "`text` must be string"),
        ({"inputs": {"ids": [[1, 2], [3]]}}, "lists of the same length"),
        ({"inputs": {"ids": eval("[" * 9 + "1" + "]" * 9)}}, "of the same"),
        ({"inputs": {"text": [1]}}, "`text` must be string. Received: 1"),
        ({"inputs": {"text": [None]}}, "`text` must be string. Received: null"),
        ({"inputs": {"text": [{"b64": "?"}]}}, "no base 64"),
        ({"inputs": {"text": [{"b64": 1}]}}, "no base 64"),
        ({"inputs": {"text": [{"a": "b"}]}}, "`text` must be string"),
        ({"inputs": {"ids": ["1"]}}, '`ids` must be int32. Received: "1"'),
        ({"inputs": {"ids": [1.0]}}, "`ids` must be int32. Received: 1.0"),
        ({"inputs": {"ids": [True]}}, "`ids` must be int32. Received: true"),
        ({"inputs": {"ids": [2**31]}}, "`ids` must be int32. "),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_makes_no_sense_is_refused(body, message):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    with pytest.raises(Refusal, match=message) as caught:
        request = json_request.parse(body)
        json_request.read_inputs(request, TWO)
    assert caught.value.code == "INVALID_ARGUMENT"


def test_answers_are_written_as_they_were_asked():
    outputs = {
        "scores": np.array([[0.5, 0.25], [1, 0]], np.float32),
        "label": np.array([b"a", "ü".encode()], object),
    }
    columns = json.loads(json_request.write_outputs(outputs, is_by_row=False))
    rows = json.loads(json_request.write_outputs(outputs, is_by_row=True))
    assert columns == {
        "outputs": {"scores": [[0.5, 0.25], [1, 0]], "label": ["a", "ü"]}
    }
    assert rows == {
        "predictions": [
            {"scores": [0.5, 0.25], "label": "a"},
            {"scores": [1.0, 0.0], "label": "ü"},
        ]
    }


def test_a_single_output_has_no_name():
    outputs = {"scores": np.array([0.5, 1.5], np.float32)}
    columns = json.loads(json_request.write_outputs(outputs, is_by_row=False))
    rows = json.loads(json_request.write_outputs(outputs, is_by_row=True))
    assert columns == {"outputs": [0.5, 1.5]}
    assert rows == {"predictions": [0.5, 1.5]}


def test_bytes_that_are_called_so_are_in_base_64():
    outputs = {"raw_bytes": np.array([b"\xff\0"], object)}
    body = json.loads(json_request.write_outputs(outputs, is_by_row=False))
    assert base64.b64decode(body["outputs"][0]["b64"]) == b"\xff\0"


def test_outputs_without_rows_are_not_written_by_rows():
    outputs = {"a": np.array(1), "b": np.array([1])}
    with pytest.raises(Refusal, match="Ask with `inputs`"):
        json_request.write_outputs(outputs, is_by_row=True)

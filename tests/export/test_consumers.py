"""Programs that are not this library load the artefact and ask it.

TensorFlow's Python alone is in `test_saved_model.py`. Here are TensorFlow's
own command, its C API, on whose loader TF Serving is built, and another
version of TensorFlow, if there is one on this machine.
"""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_text
from tensorflow.core.protobuf import saved_model_pb2

from tests.export import c_api
from tests.rounding import ROUNDING

pytestmark = pytest.mark.large

# Of another environment, such as one with TensorFlow 2.18.
OTHER_PYTHON = "TF_ADAPTERS_OTHER_PYTHON"
INVALID_ARGUMENT = 3


def finished(command, **kwargs):
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, **kwargs
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def graph(folder):
    """Names of the tensors of every signature, as its file has them."""
    written = saved_model_pb2.SavedModel()
    written.ParseFromString((folder / "saved_model.pb").read_bytes())
    return written.meta_graphs[0].signature_def


@pytest.fixture(scope="module")
def ask_c_api(folder, graph):
    """A function from requests to what the C API answers.

    A request is a signature and its tensors: name to values, of any shape.
    """

    def feed(signature, name, values):
        array = np.array(values)
        kind = c_api.INT32 if array.dtype.kind == "i" else c_api.STRING
        flat = array.ravel().tolist()
        if kind == c_api.STRING:
            flat = [x.encode().decode("latin-1") for x in map(str, flat)]
        return {
            "name": graph[signature].inputs[name].name,
            "shape": array.shape,
            "type": kind,
            "values": flat,
        }

    def ask(*requests):
        job = {
            "tensorflow": tf.sysconfig.get_lib(),
            "operations": sorted(
                str(path)
                for path in pathlib.Path(tensorflow_text.__file__)
                .with_name("python")
                .rglob("*.so")
            ),
            "saved_model": str(folder),
            "requests": [
                {
                    "feeds": [feed(signature, *x) for x in inputs.items()],
                    "fetches": {
                        name: tensor.name
                        for name, tensor in graph[signature].outputs.items()
                    },
                }
                for signature, inputs in requests
            ],
        }
        command = [sys.executable, "-I", c_api.__file__]
        return json.loads(finished(command, input=json.dumps(job)))

    return ask


def test_the_c_api_answers_as_python(ask_c_api, mixed, call):
    one = {"sentence": ["a good film", "Ünïcode 電影"]}
    answers = ask_c_api(
        ("serving_default", mixed),
        ("serving_default", {name: [] for name in mixed}),
        ("sentiment", one),
    )
    expected = [
        call("serving_default", **mixed),
        call("serving_default", **{name: [] for name in mixed}),
        call("sentiment", **one),
    ]
    for answer, outputs in zip(answers, expected, strict=True):
        assert set(answer) == set(outputs)
        scores = np.reshape(answer["scores"]["values"], outputs["scores"].shape)
        np.testing.assert_allclose(scores, outputs["scores"], atol=ROUNDING)
        labels = [label.decode() for label in outputs["label"]]
        found = answer["label"]["values"]
        for label, other in zip(labels, found, strict=True):
            try:
                assert float(label) == pytest.approx(float(other), abs=1e-4)
            except ValueError:
                assert label == other
        index = outputs["label_index"].tolist()
        assert answer["label_index"]["values"] == index


def test_the_c_api_is_refused_what_it_does_not_check(ask_c_api):
    """A session takes any shape, and hands it to the graph."""
    square = [["a", "a", "a"]] * 3
    empty = [["", "", ""]] * 3
    names = [["sentiment"] * 3] * 3
    ids = {"token_ids": [[2, 3]], "segment_ids": [[0, 0]], "task_ids": [0]}
    cases = [
        (
            "serving_default",
            {"text": square, "text_pair": empty, "task": names},
            "`text` must have 1 dimension(s). Received: shape=(3, 3).",
        ),
        (
            "serving_default",
            {"text": "a", "text_pair": "", "task": "sentiment"},
            "must have 1 dimension(s). Received: shape=().",
        ),
        (
            "serving_default",
            {"text": [1], "text_pair": [""], "task": ["sentiment"]},
            "string",
        ),
        (
            "serving_default",
            {"text": ["a"], "text_pair": [""], "task": ["nli"]},
            "Received: nli in row 0.",
        ),
        ("serving_default", {"text": ["a"], "text_pair": [""]}, "feed"),
        (
            "sentiment",
            {"sentence": [["a", "b"]]},
            "`sentence` must have 1 dimension(s). Received: shape=(1, 2).",
        ),
        (
            "token_ids",
            {**ids, "padding_mask": [1, 1]},
            "`padding_mask` must have 2 dimension(s). Received: shape=(2).",
        ),
        (
            "token_ids",
            {**ids, "padding_mask": [[0, 0]]},
            "`padding_mask` must be 1 for the tokens",
        ),
    ]
    answers = ask_c_api(*[(name, inputs) for name, inputs, _ in cases])
    for (_, _, message), answer in zip(cases, answers, strict=True):
        assert answer["code"] == INVALID_ARGUMENT
        assert message in answer["message"]


def test_saved_model_cli_runs_it(folder, mixed, call, tmp_path):
    program = pathlib.Path(sys.executable).with_name("saved_model_cli")
    inputs = ";".join(f"{name}={values}" for name, values in mixed.items())
    finished(
        [
            # As `saved_model_cli` is, but with the operations of the texts.
            sys.executable,
            "-c",
            "import sys, runpy, tensorflow_text; "
            "runpy.run_path(sys.argv.pop(1), run_name='__main__')",
            str(program),
            "run",
            *("--dir", str(folder), "--tag_set", "serve"),
            *("--signature_def", "serving_default"),
            *("--input_exprs", inputs),
            *("--outdir", str(tmp_path)),
        ]
    )
    scores = np.load(tmp_path / "scores.npy")
    expected = call("serving_default", **mixed)
    np.testing.assert_allclose(scores, expected["scores"], atol=ROUNDING)
    index = np.load(tmp_path / "label_index.npy")
    assert index.tolist() == expected["label_index"].tolist()


def test_another_version_of_tensorflow_answers_alike(folder, mixed, call):
    python = os.environ.get(OTHER_PYTHON)
    if not python:
        pytest.skip(f"{OTHER_PYTHON} names no Python")
    program = (
        "import json, sys, tensorflow as tf, tensorflow_text\n"
        "job = json.load(sys.stdin)\n"
        "model = tf.saved_model.load(job['path'])\n"
        "inputs = {k: tf.constant(v) for k, v in job['inputs'].items()}\n"
        "outputs = model.signatures['serving_default'](**inputs)\n"
        "scores = outputs['scores'].numpy().tolist()\n"
        "print(json.dumps([tf.__version__, scores]))"
    )
    job = json.dumps({"path": str(folder), "inputs": mixed})
    # Its packages, and not those of this environment.
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    printed = finished([python, "-c", program], input=job, env=kept)
    version, scores = json.loads(printed.splitlines()[-1])
    assert version != tf.__version__
    expected = call("serving_default", **mixed)["scores"]
    np.testing.assert_allclose(scores, expected, atol=ROUNDING)

"""How the client meets a gRPC server that does what a test tells it."""

import concurrent.futures
import json

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2
from tensorflow_serving.apis import prediction_service_pb2_grpc

from tf_adapters.client import Client
from tf_adapters.client import ServerError
from tf_adapters.client import messages


@pytest.fixture
def scripted():
    """Starts a server that has some answers in turn, or codes."""
    servers = []

    def scripted(*replies):
        replies, asked = list(replies), []

        class Service(prediction_service_pb2_grpc.PredictionServiceServicer):
            def Predict(self, request, context):
                asked.append(request)
                reply = replies.pop(0)
                if isinstance(reply, grpc.StatusCode):
                    context.abort(reply, f"{len(replies)} left")
                return reply

        pool = concurrent.futures.ThreadPoolExecutor(1)
        server = grpc.server(pool)
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
            Service(), server
        )
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        servers.append(server)
        return f"grpc://127.0.0.1:{port}/m", asked

    yield scripted
    for server in servers:
        server.stop(None).wait()


def test_only_the_unavailable_is_asked_again(scripted):
    code = grpc.StatusCode
    url, asked = scripted(code.UNAVAILABLE, code.RESOURCE_EXHAUSTED, code.OK)
    with Client(f"{url}/versions/2") as client:
        with pytest.raises(ServerError, match="1 left") as caught:
            client.tasks()
    assert caught.value.code == "RESOURCE_EXHAUSTED"
    assert len(asked) == 2
    spec = asked[0].model_spec
    assert (spec.name, spec.version.value) == ("m", 2)
    assert spec.signature_name == "describe_tasks"


def response(version, **outputs):
    response = predict_pb2.PredictResponse()
    response.model_spec.version.value = version
    for name, value in outputs.items():
        response.outputs[name].CopyFrom(tf.make_tensor_proto(value))
    return response


def described(version, *labels):
    task = {
        "name": "taste",
        "text_columns": ["text"],
        "labels": labels,
        "value_range": None,
    }
    return response(version, metadata=[json.dumps({"tasks": [task]})])


def answered(version):
    scores = np.array([[0.25, 0.75]], np.float32)
    return response(version, label=["good"], label_index=[1], scores=scores)


def test_an_answer_has_the_labels_of_its_version(scripted):
    """It is not asked again, and nothing is asked where none has changed."""
    url, asked = scripted(
        described(1, "bad", "good"),
        answered(1),
        answered(1),
        answered(2),
        described(2, "poor", "good"),
    )
    with Client(url) as client:
        for labels in [("bad", "good")] * 2 + [("poor", "good")]:
            [answer] = client.ask("taste", ["fine"])
            assert answer.scores == dict(zip(labels, (0.25, 0.75), strict=True))
    assert len(asked) == 5


def test_an_answer_of_the_version_before_is_asked_for_again(scripted):
    url, _ = scripted(
        described(1, "bad", "good"),
        answered(2),
        # Described by the next one already.
        described(3, "poor", "good"),
        answered(3),
    )
    with Client(url) as client:
        [answer] = client.ask("taste", ["fine"])
    assert answer.scores == {"poor": 0.25, "good": 0.75}


def test_a_request_is_one_that_tensorflow_reads():
    texts = ["a", "", "ü 電影", "\ud800"]
    request = messages.predict_request("m", None, "s", {"text": texts})
    read = predict_pb2.PredictRequest.FromString(request.SerializeToString())
    assert not read.model_spec.HasField("version")
    expected = [b"a", b"", "ü 電影".encode(), b"?"]
    assert tf.make_ndarray(read.inputs["text"]).tolist() == expected


@pytest.mark.parametrize(
    "value",
    [
        np.array([[0.5, 0.25], [1.5, -2.0]], np.float32),
        np.array([7], np.int32),
        np.array([3, -1, 3], np.int32),
        np.zeros((0, 3), np.float32),
        np.array([[1.0, 1.0, 1.0]], np.float32),
        np.array(0.5, np.float32),
    ],
    ids=str,
)
def test_numbers_are_read_as_tensorflow_writes_them(value):
    written = tf.make_tensor_proto(value)
    assert messages.rows(written) == value.tolist()
    # TF Serving may send numbers in a field of their own.
    apart = tf.compat.v1.make_tensor_proto(value.tolist(), written.dtype)
    assert messages.rows(apart) == value.tolist()


def test_one_number_may_stand_for_all():
    proto = tf.make_tensor_proto(np.float32(2.5), shape=(2, 2))
    assert messages.rows(proto) == [[2.5, 2.5], [2.5, 2.5]]


def test_texts_are_read_as_tensorflow_writes_them():
    value = np.array([[b"a", "ü".encode()], [b"\xff", b""]], object)
    proto = tf.make_tensor_proto(value)
    assert messages.rows(proto) == [["a", "ü"], ["\ufffd", ""]]


def test_other_types_are_no_answer_of_ours():
    with pytest.raises(ValueError, match="float32, int32 and string"):
        messages.rows(tf.make_tensor_proto([True]))

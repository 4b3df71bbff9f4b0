"""The gRPC API, of our server and of TF Serving."""

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import get_model_metadata_pb2
from tensorflow_serving.apis import get_model_status_pb2
from tensorflow_serving.apis import model_service_pb2_grpc
from tensorflow_serving.apis import predict_pb2
from tensorflow_serving.apis import prediction_service_pb2_grpc

from tests.rounding import ROUNDING
from tests.server.recorded import ROWS
from tests.server.recorded import TOKENS
from tf_adapters.server.grpc_api import GrpcApi
from tf_adapters.server.refusal import Refusal

pytestmark = pytest.mark.large


@pytest.fixture(scope="module")
def channel(running):
    with grpc.insecure_channel(running.grpc.split("/")[2]) as channel:
        yield channel


@pytest.fixture(scope="module")
def predict(channel):
    """A function that asks a signature and may change the request."""
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)

    def predict(signature, inputs, change=lambda request: None):
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "reviews"
        request.model_spec.signature_name = signature
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        change(request)
        return stub.Predict(request, timeout=300)

    return predict


@pytest.mark.parametrize(
    "signature, inputs",
    [
        ("", ROWS),
        ("token_ids", TOKENS),
        ("sentiment", {"sentence": ["a"]}),
        ("describe", {}),
    ],
)
def test_it_answers_as_the_model(predict, in_process, signature, inputs):
    response = predict(signature, inputs)
    name = signature or "serving_default"
    assert response.model_spec.version.value == 1
    assert response.model_spec.signature_name == name
    expected = in_process(name, **inputs)
    assert set(response.outputs) == set(expected)
    for key, value in expected.items():
        found = tf.make_ndarray(response.outputs[key])
        assert found.shape == value.shape
        if value.dtype == np.float32:
            np.testing.assert_allclose(found, value, atol=ROUNDING)
        elif key != "label":
            np.testing.assert_array_equal(found, value)


def test_only_the_outputs_that_are_wanted_are_sent(predict):
    def only_scores(request):
        request.output_filter.append("scores")

    assert list(predict("", ROWS, only_scores).outputs) == ["scores"]


def named(request):
    request.model_spec.name = "other"


def versioned(request):
    request.model_spec.version.value = 9


def filtered(request):
    request.output_filter.append("nothing")


def cut(request):
    request.inputs["text"].tensor_shape.dim[0].size = 2**40


def negative(request):
    request.inputs["text"].tensor_shape.dim[0].size = -3


def untyped(request):
    request.inputs["text"].dtype = 99


@pytest.mark.parametrize(
    "signature, inputs, change, code",
    [
        ("", ROWS, named, "NOT_FOUND"),
        ("", ROWS, versioned, "NOT_FOUND"),
        ("", ROWS, filtered, "INVALID_ARGUMENT"),
        ("", ROWS, cut, "INVALID_ARGUMENT"),
        ("", ROWS, negative, "INVALID_ARGUMENT"),
        ("", ROWS, untyped, "INVALID_ARGUMENT"),
        ("nothing", ROWS, None, "INVALID_ARGUMENT"),
        ("", {"text": ["a"]}, None, "INVALID_ARGUMENT"),
        ("", {**ROWS, "text": [1, 2, 3]}, None, "INVALID_ARGUMENT"),
        ("", {**ROWS, "text": "a"}, None, "INVALID_ARGUMENT"),
        ("", {**ROWS, "task": ["nli"] * 3}, None, "INVALID_ARGUMENT"),
    ],
)
def test_a_request_is_refused(
    running, predict, signature, inputs, change, code
):
    codes = {code}
    if change in (filtered, untyped, cut) and not running.is_ours:
        # TF Serving has other codes for messages that no client makes.
        codes |= {"FAILED_PRECONDITION", "INTERNAL", "UNKNOWN"}
    with pytest.raises(grpc.RpcError) as caught:
        predict(signature, inputs, change or (lambda request: None))
    assert caught.value.code().name in codes
    assert caught.value.details()


@pytest.mark.parametrize(
    "value, size, code",
    [
        (b"x" * 100, 10, None),
        (b"x" * 100, 11, "INVALID_ARGUMENT"),
        (b"", 1000, None),
        (b"", 1001, "INVALID_ARGUMENT"),
        (np.float64(0.5), 125, None),
        (np.float64(0.5), 126, "INVALID_ARGUMENT"),
    ],
    ids=str,
)
def test_a_small_message_does_not_become_a_large_array(value, size, code):
    """What is the same to the end is sent once."""
    proto = tf.make_tensor_proto(value, shape=(1,))
    if not isinstance(value, bytes):
        proto.tensor_content = b""
        proto.double_val.append(value)
    proto.tensor_shape.dim[0].size = size
    api = GrpcApi(None, max_body=1000)
    if code is None:
        assert api._array("x", proto).tolist() == [value] * size
        return
    with pytest.raises(Refusal, match=r"no more than 1000 bytes") as caught:
        api._array("x", proto)
    assert caught.value.code == code


def test_the_status_says_which_version_is_served(channel):
    stub = model_service_pb2_grpc.ModelServiceStub(channel)
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "reviews"
    [status] = stub.GetModelStatus(request).model_version_status
    available = get_model_status_pb2.ModelVersionStatus.State.AVAILABLE
    assert (status.version, status.state) == (1, available)
    assert status.status.error_code == 0
    request.model_spec.name = "other"
    with pytest.raises(grpc.RpcError) as caught:
        stub.GetModelStatus(request)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_the_metadata_tell_the_signatures(channel):
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    request = get_model_metadata_pb2.GetModelMetadataRequest()
    request.model_spec.name = "reviews"
    request.metadata_field.append("signature_def")
    response = stub.GetModelMetadata(request)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    text = signatures.signature_def["serving_default"].inputs["text"]
    assert text.dtype == tf.string.as_datatype_enum
    del request.metadata_field[:]
    with pytest.raises(grpc.RpcError) as caught:
        stub.GetModelMetadata(request)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT

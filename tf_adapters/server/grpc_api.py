"""TF Serving's gRPC API."""

import math
import time

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import get_model_metadata_pb2
from tensorflow_serving.apis import get_model_status_pb2
from tensorflow_serving.apis import model_pb2
from tensorflow_serving.apis import model_service_pb2_grpc
from tensorflow_serving.apis import predict_pb2
from tensorflow_serving.apis import prediction_service_pb2_grpc

from tf_adapters.server.loaded_version import LoadedVersion
from tf_adapters.server.refusal import Refusal
from tf_adapters.server.refusal import wrong
from tf_adapters.server.served import Served

_STATES = get_model_status_pb2.ModelVersionStatus.State


class GrpcApi(
    prediction_service_pb2_grpc.PredictionServiceServicer,
    model_service_pb2_grpc.ModelServiceServicer,
):
    """Answers gRPC: Predict, GetModelMetadata and GetModelStatus.

    Args:
        served: the model.
        max_body: int. Bytes of the largest request, and of each of its inputs.
    """

    def __init__(self, served: Served, max_body: int) -> None:
        self._served = served
        self._max_body = max_body

    def server(self) -> grpc.aio.Server:
        """Returns a server that has both services, not started yet."""
        server = grpc.aio.server(
            options=[
                # Else two servers may share a port, and each gets a part.
                ("grpc.so_reuseport", 0),
                ("grpc.max_receive_message_length", self._max_body),
                ("grpc.max_send_message_length", -1),
            ]
        )
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
            self, server
        )
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(self, server)
        return server

    async def Predict(self, request, context):  # noqa: N802
        """Answers a request of any signature."""
        start = time.monotonic()
        try:
            response = await self._predict(request)
        except Refusal as refusal:
            self._served.count("grpc", refusal.code, start)
            await _abort(context, refusal)
        self._served.count("grpc", "OK", start)
        return response

    async def GetModelMetadata(self, request, context):  # noqa: N802
        """Answers which signatures there are."""
        try:
            version = self._version(request.model_spec)
            if list(request.metadata_field) != ["signature_def"]:
                raise wrong("`metadata_field` must be `signature_def`.")
        except Refusal as refusal:
            await _abort(context, refusal)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        for name, defined in version.signature_defs.items():
            signatures.signature_def[name].CopyFrom(defined)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.metadata["signature_def"].Pack(signatures)
        response.model_spec.CopyFrom(_spec(request.model_spec.name, version))
        return response

    async def GetModelStatus(self, request, context):  # noqa: N802
        """Answers which versions there are."""
        spec, versions = request.model_spec, self._served.versions
        try:
            if spec.name != versions.name:
                versions.get(spec.name)
            statuses = versions.statuses(_number(spec))
        except Refusal as refusal:
            await _abort(context, refusal)
        response = get_model_status_pb2.GetModelStatusResponse()
        for status in statuses:
            row = response.model_version_status.add()
            row.version, row.state = status.number, _STATES.Value(status.state)
            row.status.error_message = status.error
            # UNKNOWN of TensorFlow's codes.
            row.status.error_code = 2 if status.error else 0
        return response

    async def _predict(self, request) -> predict_pb2.PredictResponse:
        version = self._version(request.model_spec)
        signature = request.model_spec.signature_name or "serving_default"
        outputs = await self._served.predict(
            version, signature, self._arrays(request.inputs)
        )
        wanted = list(request.output_filter) or list(outputs)
        unknown = sorted(set(wanted) - set(outputs))
        if unknown:
            raise wrong(
                f"`output_filter` must name outputs of {signature!r}: "
                f"{', '.join(sorted(outputs))}. Received: {', '.join(unknown)}."
            )
        response = predict_pb2.PredictResponse()
        for name in wanted:
            proto = tf.make_tensor_proto(outputs[name])
            response.outputs[name].CopyFrom(proto)
        spec = _spec(request.model_spec.name, version)
        spec.signature_name = signature
        response.model_spec.CopyFrom(spec)
        return response

    def _version(self, spec: model_pb2.ModelSpec) -> LoadedVersion:
        return self._served.versions.get(spec.name, _number(spec))

    def _arrays(self, inputs) -> dict[str, np.ndarray]:
        return {name: self._array(name, inputs[name]) for name in inputs}

    def _array(self, name: str, proto) -> np.ndarray:
        sizes = [dim.size for dim in proto.tensor_shape.dim]
        try:
            if min(sizes, default=0) < 0 or _num_bytes(proto) > self._max_body:
                raise wrong(
                    f"`{name}` must be of no more than {self._max_body} bytes. "
                    f"Received: shape={sizes}. Send fewer rows."
                )
            return tf.make_ndarray(proto)
        except Refusal:
            raise
        except Exception as error:
            raise wrong(f"`{name}` must be a Tensor. {error}") from None


def _num_bytes(proto) -> int:
    """Returns how many bytes a Tensor has, at least one for each value.

    Where the last value is repeated to the end it is sent once, so that a
    message of a few bytes may stand for a Tensor of any size.
    """
    size = math.prod(dim.size for dim in proto.tensor_shape.dim)
    if proto.dtype != tf.string.as_datatype_enum:
        return size * tf.as_dtype(proto.dtype).size
    lengths = [len(text) for text in proto.string_val]
    repeated = max(0, size - len(lengths)) * (lengths[-1] if lengths else 0)
    return max(size, sum(lengths) + repeated)


def _number(spec: model_pb2.ModelSpec) -> int | None:
    if spec.WhichOneof("version_choice") == "version_label":
        raise Refusal(
            "UNIMPLEMENTED",
            "Versions have no labels here. Send `version`, or neither.",
        )
    return spec.version.value if spec.HasField("version") else None


def _spec(name: str, version: LoadedVersion) -> model_pb2.ModelSpec:
    spec = model_pb2.ModelSpec(name=name)
    spec.version.value = version.number
    return spec


async def _abort(context, refusal: Refusal) -> None:
    """Ends a call, by an exception of gRPC."""
    await context.abort(grpc.StatusCode[refusal.code], refusal.message)

"""TF Serving's messages, without TensorFlow.

`tensorflow-serving-api` takes the messages that describe tensors from the
package `tensorflow`, whose import takes seconds and hundreds of megabytes.
They are modules of their own and need nothing else of it. So while they are
imported, an empty package stands in its place.
"""

import contextlib
import importlib.machinery
import sys
import types
from collections.abc import Iterator
from typing import Any

# TensorFlow's numbers of types.
_FLOAT, _INT32, _STRING = 1, 3, 7


@contextlib.contextmanager
def _only_messages() -> Iterator[None]:
    """Lets modules of `tensorflow` be imported without the package."""
    if "tensorflow" in sys.modules:
        yield
        return
    spec = importlib.machinery.PathFinder.find_spec("tensorflow")
    if spec is None:
        raise ModuleNotFoundError(name="tensorflow")
    stand_in = types.ModuleType("tensorflow")
    stand_in.__path__ = list(spec.submodule_search_locations)
    sys.modules["tensorflow"] = stand_in
    try:
        yield
    finally:
        # Whoever imports TensorFlow later gets all of it. Messages that are
        # read twice are the same ones.
        for name in list(sys.modules):
            if name.split(".")[0] == "tensorflow":
                del sys.modules[name]


with _only_messages():
    from tensorflow.core.framework import tensor_pb2
    from tensorflow_serving.apis import predict_pb2
    from tensorflow_serving.apis import prediction_service_pb2_grpc

PredictionServiceStub = prediction_service_pb2_grpc.PredictionServiceStub


def predict_request(
    model: str,
    version: int | None,
    signature: str,
    inputs: dict[str, list[str]],
) -> predict_pb2.PredictRequest:
    """Returns a request of one signature.

    Args:
        model: str.
        version: int, or `None` for the one that the server chooses.
        signature: str.
        inputs: dict from the name of an input to its texts.
    """
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    if version is not None:
        request.model_spec.version.value = version
    for name, texts in inputs.items():
        tensor = tensor_pb2.TensorProto(dtype=_STRING)
        tensor.tensor_shape.dim.add(size=len(texts))
        # Half of a surrogate pair, as JSON may hold, has no UTF-8.
        tensor.string_val.extend(t.encode("utf-8", "replace") for t in texts)
        request.inputs[name].CopyFrom(tensor)
    return request


def rows(tensor: tensor_pb2.TensorProto) -> list[Any]:
    """Returns what a Tensor holds, as nested lists.

    Args:
        tensor: float32, int32 or string, of one or two dimensions.
    """
    import numpy as np

    shape = [dim.size for dim in tensor.tensor_shape.dim]
    if tensor.dtype == _STRING:
        texts = [text.decode("utf-8", "replace") for text in tensor.string_val]
        values = np.array(texts, dtype=object)
    elif tensor.dtype in (_FLOAT, _INT32):
        kind = np.dtype("<f4" if tensor.dtype == _FLOAT else "<i4")
        given = tensor.float_val if tensor.dtype == _FLOAT else tensor.int_val
        # Either the bytes, or a field of numbers.
        content = tensor.tensor_content
        values = np.frombuffer(content, kind) if content else np.array(given)
    else:
        raise ValueError(
            "An answer must consist of float32, int32 and string. Received: "
            f"TensorFlow's type {tensor.dtype}. Is it a model of tf_adapters?"
        )
    size = int(np.prod(shape, dtype=int))
    if len(values) < size:
        # What is the same to the end is written once.
        fill = values[-1:] if len(values) else np.zeros(1, values.dtype)
        values = np.concatenate([values, np.repeat(fill, size - len(values))])
    return values.reshape(shape).tolist()

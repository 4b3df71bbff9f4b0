"""A version of a SavedModel that is in memory."""

import numpy as np
import tensorflow as tf
import tensorflow_text  # noqa: F401  The graph needs its operations.
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import prediction_log_pb2

from tf_adapters import storage
from tf_adapters.export.digests import FILE as DIGESTS
from tf_adapters.export.digests import check_saved_model
from tf_adapters.export.warm_up import FILE as WARM_UP
from tf_adapters.server.refusal import Refusal
from tf_adapters.server.refusal import wrong


class LoadedVersion:
    """Loads a version, and computes what its signatures say.

    Args:
        folder: the version. If it has digests, its files must agree.

    Raises:
        ValueError: if it is damaged.
        Exception: whatever TensorFlow raises if it cannot load it.

    Attributes:
        number: int. The version.
        signature_defs: dict from the name of a signature to its
            `SignatureDef`.
        model: what TensorFlow has loaded.
    """

    def __init__(self, folder: storage.Path) -> None:
        if (folder / DIGESTS).exists():
            check_saved_model(folder)
        self.number = int(folder.name)
        self.signature_defs = _signature_defs(folder)
        self.model = tf.saved_model.load(str(folder))
        self._warm_up = folder / WARM_UP

    def signature(self, name: str) -> meta_graph_pb2.SignatureDef:
        """Returns the definition of a signature.

        Raises:
            Refusal: if there is none of this name.
        """
        try:
            return self.signature_defs[name]
        except KeyError:
            known = ", ".join(sorted(self.signature_defs)[:40])
            raise wrong(
                "The signature must be one of the model. Received: "
                f"signature_name={name!r}. Its signatures are: {known}."
            ) from None

    def check(self, name: str, inputs: dict[str, np.ndarray]) -> None:
        """Refuses inputs that a signature does not take.

        Raises:
            Refusal: if one is missing, or is not an input, or is of another
                type or number of dimensions.
        """
        wanted = self.signature(name).inputs
        if set(inputs) != set(wanted):
            raise wrong(
                f"The inputs of {name!r} must be {', '.join(sorted(wanted))}. "
                f"Received: {', '.join(sorted(inputs)) or 'none'}."
            )
        for key, value in inputs.items():
            dtype = tf.as_dtype(wanted[key].dtype)
            if dtype != tf.as_dtype(value.dtype):
                raise wrong(
                    f"`{key}` must be of type {dtype.name}. Received: "
                    f"{tf.as_dtype(value.dtype).name}."
                )
            rank = len(wanted[key].tensor_shape.dim)
            if value.ndim != rank and not wanted[key].tensor_shape.unknown_rank:
                raise wrong(
                    f"`{key}` must have {rank} dimension(s). Received: "
                    f"shape={value.shape}."
                )

    def compute(
        self, name: str, inputs: dict[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Calls a signature with inputs that `check` let pass.

        Raises:
            Refusal: if the graph refuses them.
        """
        tensors = {
            key: tf.constant(
                value, tf.string if value.dtype == object else None
            )
            for key, value in inputs.items()
        }
        try:
            outputs = self.model.signatures[name](**tensors)
            return {key: _array(value) for key, value in outputs.items()}
        except Exception as error:
            raise Refusal.of(error) from None

    def warm_up(self) -> None:
        """Answers the requests that lie beside the model, if there are any.

        Raises:
            Refusal: if it cannot: then it would answer nobody.
        """
        if not self._warm_up.exists():
            return
        for record in tf.data.TFRecordDataset(str(self._warm_up)):
            log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
            request = log.predict_log.request
            inputs = {
                key: tf.make_ndarray(value)
                for key, value in request.inputs.items()
            }
            self.compute(request.model_spec.signature_name, inputs)


def _array(value: tf.Tensor) -> np.ndarray:
    # Of a single text NumPy would make bytes of some length.
    return np.array(value.numpy(), object if value.dtype == tf.string else None)


def _signature_defs(
    folder: storage.Path,
) -> dict[str, meta_graph_pb2.SignatureDef]:
    written = saved_model_pb2.SavedModel()
    written.ParseFromString((folder / "saved_model.pb").read_bytes())
    [graph] = [
        g for g in written.meta_graphs if "serve" in g.meta_info_def.tags
    ]
    # TensorFlow's own, which initialises.
    return {
        name: signature
        for name, signature in graph.signature_def.items()
        if not name.startswith("__saved_model")
    }

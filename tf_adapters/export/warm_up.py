"""Requests that TF Serving answers before it serves a version."""

import itertools
import pathlib
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import predict_pb2
from tensorflow_serving.apis import prediction_log_pb2

from tf_adapters.data.task import Task
from tf_adapters.export.graph.input_names import input_names

# Where TF Serving looks.
FILE = pathlib.Path("assets.extra", "tf_serving_warmup_requests")

# What takes time the first time hangs on shapes, so that any word will do.
_WORD = "a"
_ROWS = (1, 8)
_LENGTHS = (16, 64, 128, 256, 512)
# TF Serving refuses to load a version with more requests.
_MOST = 1000


def write_warm_up(
    folder: pathlib.Path,
    tasks: list[Task],
    sequence_length: int,
    signatures: Mapping[str, Callable],
    ensembles: Mapping[str, Sequence[str]],
) -> None:
    """Writes `assets.extra/tf_serving_warmup_requests` into a SavedModel.

    The signatures of all tasks, and that of the first task, are asked for one
    row and for eight, with texts of several lengths, so that the first request
    of a user finds everything prepared. Those of other tasks are asked once:
    they compute the same. The shortest texts come first, up to 1,000 requests.

    Args:
        folder: the SavedModel.
        tasks: the tasks, in the order of their ids.
        sequence_length: int. The most tokens of an example.
        signatures: dict from name to concrete function.
        ensembles: dict from the names of those that several tasks answer to
            the tasks.
    """
    file = folder / FILE
    file.parent.mkdir(exist_ok=True)
    lengths = [n for n in _LENGTHS if n < sequence_length] + [sequence_length]
    shapes = list(itertools.product(lengths, _ROWS))
    own = [task.name for task in tasks if task.name in signatures]
    asked = [
        (name, *shape)
        for shape in shapes
        for name in signatures
        if name not in own[1:] or shape == shapes[0]
    ]
    with tf.io.TFRecordWriter(str(file)) as writer:
        for name, length, rows in asked[:_MOST]:
            reads_as = ensembles.get(name, [name])[0]
            values = _values(tasks, reads_as, rows, length)
            request = {k: values[k] for k in _names(signatures[name])}
            writer.write(_log(name, request))


def _values(
    tasks: list[Task], signature: str, rows: int, length: int
) -> dict[str, np.ndarray]:
    """Returns rows of some length for every input that there is."""
    alone = {task.name: task for task in tasks}.get(signature)
    asked = [alone or tasks[i % len(tasks)] for i in range(rows)]
    # Two tokens are special, and three of a pair.
    whole = " ".join([_WORD] * (length - 2))
    half = " ".join([_WORD] * ((length - 2) // 2))
    ids = np.arange(rows, dtype="int32") % len(tasks)
    table = np.ones((rows, length), "int32")
    values = {
        "text": [half if task.is_pair else whole for task in asked],
        "text_pair": [half if task.is_pair else "" for task in asked],
        "task": [task.name for task in asked],
        "token_ids": table,
        "padding_mask": table,
        "segment_ids": 0 * table,
        "task_ids": ids,
    }
    if alone:
        columns = input_names(alone)
        text = half if alone.is_pair else whole
        values.update({name: [text] * rows for name in columns})
    return values


def _names(signature: Callable) -> list[str]:
    arguments, keywords = signature.structured_input_signature
    return [spec.name for spec in (*arguments, *keywords.values())]


def _log(signature: str, request: Mapping[str, np.ndarray]) -> bytes:
    asked = predict_pb2.PredictRequest()
    asked.model_spec.signature_name = signature
    for name, value in request.items():
        asked.inputs[name].CopyFrom(_proto(np.asarray(value)))
    log = prediction_log_pb2.PredictLog(request=asked)
    return prediction_log_pb2.PredictionLog(predict_log=log).SerializeToString()


def _proto(value: np.ndarray) -> tensor_pb2.TensorProto:
    """Returns a Tensor, with one number for all where all are the same."""
    first = value.flat[0]
    if value.dtype.kind == "i" and (value == first).all():
        return tf.make_tensor_proto(first, shape=value.shape)
    return tf.make_tensor_proto(value)

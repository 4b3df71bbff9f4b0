"""What a client needs to know of a served model, as a file beside it."""

import json
import pathlib
from collections.abc import Callable
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import tensorflow as tf

from tf_adapters.data.task import Task
from tf_adapters.export.graph.input_names import input_names
from tf_adapters.export.published import FILE
from tf_adapters.version import __version__

_PACKAGES = ("tensorflow", "keras", "keras-hub")


def make_metadata(
    tasks: list[Task],
    sequence_length: int,
    signatures: Mapping[str, Callable],
    built_from: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Returns what describes a served model, as JSON can hold it.

    Args:
        tasks: the tasks, in the order of their ids.
        sequence_length: int. The most tokens of an example.
        signatures: dict from name to concrete function.
        built_from: what the model was built from, as values that JSON can
            hold. Defaults to `None`.
    """
    return {
        "format": 1,
        "versions": {
            "tf_adapters": __version__,
            **{name: version(name) for name in _PACKAGES},
        },
        "sequence_length": sequence_length,
        "tasks": [task.get_config() for task in tasks],
        "columns": {task.name: _columns(task) for task in tasks},
        "signatures": {
            name: _described(signature)
            for name, signature in signatures.items()
        },
        "built_from": built_from,
    }


def write_metadata(folder: pathlib.Path, metadata: dict[str, Any]) -> None:
    """Writes `assets.extra/tf_adapters.json` into a SavedModel.

    Args:
        folder: the SavedModel.
        metadata: what `make_metadata` returned.
    """
    text = json.dumps(metadata, indent=2, ensure_ascii=False) + "\n"
    file = folder / FILE
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _described(signature: Callable) -> dict[str, Any]:
    arguments, keywords = signature.structured_input_signature
    inputs = [*arguments, *keywords.values()]
    outputs = signature.structured_outputs
    return {
        "inputs": {spec.name: _tensor(spec) for spec in inputs},
        "outputs": {name: _tensor(spec) for name, spec in outputs.items()},
    }


def _columns(task: Task) -> dict[str, str]:
    return dict(zip(input_names(task), task.text_columns, strict=True))


def _tensor(spec: tf.TensorSpec) -> dict[str, Any]:
    return {"dtype": spec.dtype.name, "shape": spec.shape.as_list()}

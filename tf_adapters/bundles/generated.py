"""A task whose weights are computed from others, as the computed ones."""

from typing import Any

import keras
import numpy as np
from keras import ops

from tf_adapters.bundles.tensors import SHARED
from tf_adapters.bundles.tensors import task_tensors


def plain_method(model: keras.Model) -> Any:
    """Returns the method that a generated bundle of a model is of.

    Raises:
        ValueError: if the method of the model computes no weights.
    """
    plain = model.method.plain()
    if plain is None:
        raise ValueError(
            "`generated=True` is for methods that compute the weights of a "
            "task from others, such as HyperFormer. Received: a model of "
            f"{model.method!r}, whose weights are all its own. Leave "
            "`generated` out."
        )
    return plain


def generated_tensors(model: keras.Model, name: str) -> dict[str, np.ndarray]:
    """Returns what a bundle of `plain_method(model)` holds for a task.

    Args:
        model: a `MultiTaskClassifier`.
        name: str. A task of the model.

    Returns:
        dict from the name of a tensor to its values.
    """
    encoder, index = model.encoder, model.task_id(name)
    adapters = _computed(encoder, index)
    replaced = tuple(f"{place}." for place in adapters)
    kept = {SHARED + weight.path for weight in encoder.trained_weights()}
    found = {
        key: tensor
        for key, tensor in task_tensors(model, name).items()
        if key in kept or not key.startswith((SHARED, "method.", *replaced))
    }
    for place, banks in adapters.items():
        found |= {f"{place}.{key}": row for key, row in banks.items()}
    return found


def _computed(encoder, index: int) -> dict[str, dict[str, np.ndarray]]:
    """Returns the rows of one task that layers compute, by their place."""
    found = {}
    for place, layer in encoder.task_layers().items():
        rows = {
            key: np.array(ops.cast(bank, "float32"))[index]
            for key, bank in layer.computed().items()
        }
        if rows:
            found[place] = rows
    return found

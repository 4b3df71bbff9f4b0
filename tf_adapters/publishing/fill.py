"""Puts what tasks of several methods have learned into one model."""

from collections.abc import Mapping
from collections.abc import Sequence

import keras
import numpy as np

from tf_adapters.layers import FoldedAdapter
from tf_adapters.layers import JoinedFoldedAdapter
from tf_adapters.layers import TaskLayerNormalization
from tf_adapters.layers import activation_name
from tf_adapters.methods import JoinedAdapters
from tf_adapters.publishing.learned import Learned


def joined_method(parts: Sequence[Learned]) -> JoinedAdapters:
    """Returns the method whose slots have room for all of `parts`."""
    widest = {"attention": 0, "feedforward": 0}
    adapters = [own for part in parts for own in part.adapters.items()]
    for (_, slot), layer in adapters:
        widest[slot] = max(widest[slot], layer.bottleneck_dim)
    names = {activation_name(layer.activation) for _, layer in adapters}
    return JoinedAdapters(
        attention_dim=widest["attention"],
        feedforward_dim=widest["feedforward"],
        activations=sorted(names) or ("gelu_approximate",),
        normalized=any(isinstance(own, FoldedAdapter) for _, own in adapters),
        dropped_layers=min((index for (index, _), _ in adapters), default=0),
    )


def fill(model: keras.Model, parts: Sequence[Learned]) -> None:
    """Gives a model of `joined_method(parts)` the weights of every task.

    Args:
        model: a `MultiTaskClassifier` of the tasks of `parts`, in any order.
        parts: what each method has learned.
    """
    for place, layer in model.encoder.slot_layers().items():
        if isinstance(layer, TaskLayerNormalization):
            for part in parts:
                rows = {
                    name: part.norms[getattr(layer.norm, name).path]
                    for name in layer.banks
                }
                _assign(model, layer, part, rows)
        else:
            _, index, slot, _ = place.split(".")
            for part in parts:
                # Without an adapter, a task keeps the zeros it started with.
                source = part.adapters.get((int(index), slot))
                if source is not None:
                    _assign(model, layer, part, _padded(source, layer))
    for part in parts:
        _assign(model, model.heads, part, part.heads)


def _assign(
    model: keras.Model,
    layer: keras.layers.Layer,
    part: Learned,
    rows: Mapping[str, np.ndarray],
) -> None:
    own = [model.task_id(name) for name in part.task_names]
    for name, bank in layer.banks.items():
        values = np.array(bank)
        # Heads of fewer outputs than the widest come as narrow as they are.
        width = rows[name].shape[-1]
        values[own, ..., :width] = rows[name]
        bank.assign(values)


def _padded(
    source: keras.layers.Layer, target: keras.layers.Layer
) -> dict[str, np.ndarray]:
    """Returns the banks of an adapter as rows of the banks of a wider one."""
    banks = {
        name: np.array(keras.ops.cast(bank, "float32"))
        for name, bank in source.banks.items()
    }
    count, units = source.num_tasks, source.bottleneck_dim
    rows = {
        name: np.zeros((count, *bank.shape[1:]), "float32")
        for name, bank in target.banks.items()
    }
    rows["down"][..., :units] = banks["down"]
    rows["down_bias"][..., :units] = banks["down_bias"]
    rows["up"][:, :units] = banks["up"][:, :units]
    if isinstance(target, JoinedFoldedAdapter):
        # The 1 that follows the bottleneck follows the wider one.
        one = target.bottleneck_dim
        if isinstance(source, FoldedAdapter):
            rows["up"][:, one:] = banks["up"][:, units:]
            rows["root"][:, :units, : units + 1] = banks["root"][:, :units]
            rows["root"][:, one, : units + 1] = banks["root"][:, units]
            rows["norm_epsilon"][:] = source.epsilon
        else:
            rows["up"][:, one] = banks["up_bias"]
            rows["norm_epsilon"][:] = 1
    else:
        rows["up_bias"] = banks["up_bias"]
    if "choice" in rows:
        names = [activation_name(own) for own in target.activations]
        rows["choice"][:, names.index(activation_name(source.activation))] = 1
    return rows

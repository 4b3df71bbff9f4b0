"""What trained tasks are made of, once nothing is trained any more."""

import dataclasses
import re

import keras
import numpy as np

from tf_adapters.bundles.bundle import Bundle
from tf_adapters.bundles.errors import BundleError
from tf_adapters.layers import BottleneckAdapter
from tf_adapters.layers import FoldedAdapter
from tf_adapters.layers import TaskLayerNormalization

# What a task may have besides a head and LayerNorms, and where.
_JOINED = (BottleneckAdapter, FoldedAdapter)
_PLACES = re.compile(r"layer\.(\d+)\.(attention|feedforward)\.adapter")


@dataclasses.dataclass(frozen=True)
class Learned:
    """Tasks of one method, as plain adapters, LayerNorms and heads.

    Attributes:
        task_names: their names, in the order of the rows below.
        adapters: dict from the index of a transformer layer and a slot to a
            `BottleneckAdapter` or a `FoldedAdapter`.
        norms: dict from the path of a gain or offset of the backbone to what
            the tasks have in its place, one row a task or one for all.
        heads: dict from the name of a bank of the heads to its values.
    """

    task_names: tuple[str, ...]
    adapters: dict[tuple[int, str], keras.layers.Layer]
    norms: dict[str, np.ndarray]
    heads: dict[str, np.ndarray]


def what_was_learned(model: keras.Model) -> Learned:
    """Takes the tasks of a model apart.

    Args:
        model: a `MultiTaskClassifier` that `check_can_join` has passed.

    Returns:
        What joins them to tasks of other methods.
    """
    encoder = model.encoder
    adapters = {}
    norms = {w.path: np.array(w)[None] for w in encoder.pretrained_norms()}
    for place, layer in encoder.slot_layers().items():
        if isinstance(layer, TaskLayerNormalization):
            for name, bank in layer.banks.items():
                norms[getattr(layer.norm, name).path] = np.array(bank)
        else:
            index, slot = _PLACES.fullmatch(place).groups()
            adapters[int(index), slot] = layer.baked()
    heads = {name: np.array(bank) for name, bank in model.heads.banks.items()}
    return Learned(tuple(model.task_names), adapters, norms, heads)


def check_can_join(model: keras.Model, bundle: Bundle) -> None:
    """Refuses tasks of which more is left than adapters and LayerNorms.

    Args:
        model: a `MultiTaskClassifier` of the method of the bundle.
        bundle: the first bundle of that method.

    Raises:
        BundleError: that names the bundle, its method and its backbone.
    """
    reason = _what_is_left(model.encoder)
    if reason:
        raise BundleError(
            "Tasks of several methods, or of several runs that trained weights "
            "together, share an artifact if bottleneck adapters after "
            "attention and feed-forward, LayerNorms and heads are all that "
            f"they have learned. Received: `{bundle.directory}` of "
            f"{model.method!r} on the backbone {bundle.fingerprint[:12]}, "
            f"which {reason}. Export it, and other bundles of that run, to a "
            "path of their own."
        )


def _what_is_left(encoder: keras.Model) -> str:
    if encoder.weight_update is not None:
        return "changes the pretrained weights for each task"
    norms = {id(weight) for weight in encoder.pretrained_norms()}
    own = [w for w in encoder.trained_weights() if id(w) not in norms]
    if own:
        return (
            f"has a backbone of its own: it trained {len(own)} of the "
            f"pretrained weights, {own[0].path} among them"
        )
    for place, layer in encoder.slot_layers().items():
        if isinstance(layer, TaskLayerNormalization):
            continue
        is_adapter = _PLACES.fullmatch(place) and _is_adapter(layer)
        if not is_adapter:
            return f"has a {type(layer).__name__} at {place}"
    return ""


def _is_adapter(layer: keras.layers.Layer) -> bool:
    return hasattr(layer, "baked") and type(layer.baked()) in _JOINED

"""An encoder that holds, for a while, what is needed to serve it."""

import contextlib

from tf_adapters.encoder.own_layers import slot_layers
from tf_adapters.encoder.served.int8 import quantized_embedding
from tf_adapters.layers import TaskLayer
from tf_adapters.methods.method import LAYER_SLOTS


@contextlib.contextmanager
def baked(encoder, dropped_layers=(), is_int8=False, factored=False):
    """Lets an encoder hold, in a `with` block, what it needs to serve.

    Within the block, a layer in the slots of the transformer layers that
    computes its weights from others is replaced by one that holds them, so are
    pretrained weights that a task updates. The slots of `dropped_layers` are
    empty and their dense weights as pretrained; their LayerNorms stay those of
    the method. Nothing is trained or saved.

    Args:
        encoder: an `AdaptedBackbone`.
        dropped_layers: indices of transformer layers. Defaults to none.
        is_int8: bool. Whether kernels and embeddings of the backbone are held
            as 8-bit integers. Defaults to `False`.
        factored: bool. Whether layers that compute their weights from others
            stay as they are. Defaults to `False`.

    Raises:
        ValueError: if there is no such layer, or nothing in any of them, or
            `is_int8` for a method that updates the backbone.
    """
    layers = encoder.transformer_layers
    check_dropped(dropped_layers, len(layers))
    _check_something_drops(encoder, dropped_layers)
    updated = encoder.updated_weights
    if is_int8:
        _check_backbone_stays(encoder)
        embedding = quantized_embedding(encoder.embedding)
        encoder.stand_ins.of_slot["embeddings"] = embedding
    try:
        for i, layer in enumerate(layers):
            layer.bake(i in dropped_layers, updated is None, is_int8, factored)
        if updated is not None:
            updated.bake(_pretrained(layers, dropped_layers))
        _take_apart_in_loops(encoder, True)
        yield
    finally:
        _take_apart_in_loops(encoder, False)
        for layer in (encoder, *layers):
            layer.stand_ins.clear()
        if updated is not None:
            updated.clear()


@contextlib.contextmanager
def emptied(encoder, dropped_layers):
    """Leaves slots empty in a `with` block within that of `baked`.

    Args:
        encoder: an `AdaptedBackbone`.
        dropped_layers: indices of transformer layers.

    Raises:
        ValueError: as `baked`, and for a method whose update has become a part
            of a weight.
    """
    check_dropped(dropped_layers, len(encoder.transformer_layers))
    _check_backbone_stays(encoder)
    _check_something_drops(encoder, dropped_layers)
    layers = [encoder.transformer_layers[i] for i in dropped_layers]
    full = [layer.stand_ins for layer in layers]
    empty = [stand_ins.emptied(LAYER_SLOTS) for stand_ins in full]
    try:
        for layer, stand_ins in zip(layers, empty, strict=True):
            layer.stand_ins = stand_ins
        yield
    finally:
        for layer, stand_ins in zip(layers, full, strict=True):
            layer.stand_ins = stand_ins


def check_dropped(dropped_layers, num_layers):
    """Refuses layers that the encoder does not have."""
    wrong = [i for i in dropped_layers if not 0 <= i < num_layers]
    if wrong:
        raise ValueError(
            "`dropped_layers` must be layers of the encoder, from 0 to "
            f"{num_layers - 1}. Received: {', '.join(map(str, wrong))}."
        )


def _check_something_drops(encoder, dropped_layers):
    """Refuses a method that would be served the same all the same."""
    if not dropped_layers or encoder.updated_weights is not None:
        return
    layers = [encoder.transformer_layers[i] for i in dropped_layers]
    slots = [slot for layer in layers for slot in layer.adapters.values()]
    if all(slot is None for slot in slots):
        raise ValueError(
            "`dropped_layers` must be layers that a method put something in. "
            f"Received: {', '.join(map(str, sorted(dropped_layers)))}, in "
            f"which {encoder.method!r} has nothing. Leave it out."
        )


def _check_backbone_stays(encoder):
    """Refuses a method that gives each task a backbone of its own."""
    if encoder.updated_weights is not None:
        raise ValueError(
            "Integer weights, and signatures without the adapters of some "
            "layers, need a backbone that all tasks have in common. Received: "
            f"{encoder.method!r}, which updates it for each task."
        )


def _take_apart_in_loops(encoder, in_loop):
    """Says how the layers meet a batch of tasks with many weights each."""
    called = list(slot_layers(encoder).values())
    for layer in encoder.transformer_layers:
        called += filter(None, layer.stand_ins.of_slot.values())
    for layer in called:
        for part in layer._flatten_layers():
            if isinstance(part, TaskLayer):
                part.in_loop = in_loop


def _pretrained(layers, indices):
    parts = [part for i in indices for part in layers[i].pretrained_layers()]
    return [weight for part in parts for weight in part.weights]

"""An encoder that holds, for a while, what is needed to serve it."""

import contextlib

from tf_adapters.encoder.own_layers import slot_layers
from tf_adapters.layers import TaskLayer


@contextlib.contextmanager
def baked(encoder, dropped_layers):
    """Does what `AdaptedBackbone.baked` says."""
    layers = encoder.transformer_layers
    check_dropped(dropped_layers, len(layers))
    _check_something_drops(encoder, dropped_layers)
    updated = encoder.updated_weights
    try:
        for i, layer in enumerate(layers):
            layer.bake(i in dropped_layers, keeps=updated is None)
        if updated is not None:
            updated.bake(_pretrained(layers, dropped_layers))
        _take_apart_in_loops(encoder, True)
        yield
    finally:
        _take_apart_in_loops(encoder, False)
        for layer in layers:
            layer.stand_ins.clear()
        if updated is not None:
            updated.clear()


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

"""An encoder that holds, for a while, what is needed to serve it."""

import contextlib


@contextlib.contextmanager
def baked(encoder, dropped_layers):
    """Does what `AdaptedBackbone.baked` says."""
    layers = encoder.transformer_layers
    check_dropped(dropped_layers, len(layers))
    updated = encoder.updated_weights
    try:
        for i, layer in enumerate(layers):
            layer.bake(is_dropped=i in dropped_layers)
        if updated is not None:
            updated.bake(_pretrained(layers, dropped_layers))
        yield
    finally:
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


def _pretrained(layers, indices):
    parts = [part for i in indices for part in layers[i].pretrained_layers()]
    return [weight for part in parts for weight in part.weights]

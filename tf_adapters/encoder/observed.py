"""An encoder that shows, for a while, what the layers in its slots do."""

import contextlib

from tf_adapters.encoder.own_layers import slot_layers


@contextlib.contextmanager
def observed(encoder, observe):
    """Shows, in a `with` block, what the layers in the slots do.

    Args:
        encoder: an `AdaptedBackbone`.
        observe: called as `observe(name, inputs, outputs)` with a name of
            `slot_layers`, for each layer that is called.
    """
    layers = slot_layers(encoder)
    try:
        for name, layer in layers.items():
            layer.call = _observing(name, layer.call, observe)
        yield
    finally:
        for layer in layers.values():
            # What the class has is called again.
            layer.__dict__.pop("call", None)


def _observing(name, call, observe):
    def observing(inputs, **arguments):
        outputs = call(inputs, **arguments)
        observe(name, inputs, outputs)
        return outputs

    return observing

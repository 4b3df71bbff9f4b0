"""An encoder that shows, for a while, what the layers in its slots do."""

import contextlib

from tf_adapters.encoder.own_layers import slot_layers


@contextlib.contextmanager
def observed(encoder, observe):
    """Does what `AdaptedBackbone.observed` says."""
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

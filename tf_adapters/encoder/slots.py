"""Fills the slots of an encoder with the layers of a method."""

from keras import ops

from tf_adapters.encoder.adapted_transformer_encoder import (
    AdaptedTransformerEncoder,
)
from tf_adapters.layers import TaskLayerNormalization
from tf_adapters.methods.method import LAYER_SLOTS


class Slots:
    """What a method puts where.

    Args:
        method: a `Method`.
        shape: an `EncoderShape`.
        shared: what `Method.shared_layers` returned.
    """

    def __init__(self, method, shape, shared):
        self._method = method
        self._shape = shape
        self._shared = shared

    def fill(self, slot, index=0):
        """Returns the built layer of a slot, or `None`."""
        shape = self._shape
        layer = self._method.slot_layer(slot, index, shape, self._shared)
        if layer is not None and not layer.built:
            is_wide = slot == "feedforward_output"
            width = shape.intermediate_dim if is_wide else shape.hidden_dim
            layer.build((None, None, width))
        return layer

    def adapt(self, stock, index):
        """Returns a stock transformer layer with its slots filled."""
        slots = {slot: self.fill(slot, index) for slot in LAYER_SLOTS}
        layer = AdaptedTransformerEncoder(stock, slots, self.task_norm)
        layer.build((None, None, self._shape.hidden_dim))
        return layer

    def task_norm(self, norm, name):
        """Returns what takes the place of a LayerNorm, or `None` to keep it."""
        policy = self._method.layer_norms
        if not policy.startswith("private"):
            return None
        layer = TaskLayerNormalization(
            norm,
            self._shape.num_tasks,
            only_offsets=policy == "private_offsets",
            dtype=norm.dtype_policy,
            name=name,
        )
        layer.build((None, None, ops.shape(norm.gamma)[0]))
        return layer

"""A KerasNLP transformer layer with slots. It reads KerasNLP's privates."""

import keras_nlp
from keras_hub.src.layers.modeling.transformer_layer_utils import (
    merge_padding_and_attention_mask,
)

from tf_adapters.methods.method import LAYER_SLOTS

# What a stock layer creates in `build`, taken over by the adapted one.
_PARTS = (
    "_self_attention_layer",
    "_self_attention_layer_norm",
    "_self_attention_dropout",
    "_feedforward_layer_norm",
    "_feedforward_intermediate_dense",
    "_feedforward_output_dense",
    "_feedforward_dropout",
)


class AdaptedTransformerEncoder(keras_nlp.layers.TransformerEncoder):
    """A `TransformerEncoder` that calls the layers in its slots.

    It takes over the sub-layers of a stock layer: no weight is copied. With
    empty slots it computes what the stock layer computes, bit for bit.

    Args:
        stock: a built post-norm `keras_nlp.layers.TransformerEncoder`.
        slots: dict from each of `LAYER_SLOTS` to the layer in that slot, or
            `None` where it is empty.
        make_norm: function from a pretrained LayerNormalization and its name
            to the layer that takes its place, or `None` to keep it.

    Call arguments:
        inputs: Tensor of shape `(batch_size, sequence_length, hidden_dim)`.
        task_ids: int32 Tensor of shape `(batch_size,)` or `()`.
        padding_mask: Tensor of shape `(batch_size, sequence_length)`, nonzero
            where there is a token.

    Returns:
        Tensor of the shape of `inputs`.
    """

    def __init__(self, stock, slots, make_norm):
        config = stock.get_config()
        config["dtype"] = stock.dtype_policy
        super().__init__(**config)
        for part in _PARTS:
            setattr(self, part, getattr(stock, part))
        self.attention_norm = make_norm(
            stock._self_attention_layer_norm, "attention_norm"
        )
        self.feedforward_norm = make_norm(
            stock._feedforward_layer_norm, "feedforward_norm"
        )
        for slot in LAYER_SLOTS:
            setattr(self, f"{slot}_adapter", slots[slot])
        self.stand_ins = StandIns()

    def pretrained_layers(self):
        """Returns the sub-layers taken over from the stock layer."""
        return [getattr(self, part) for part in _PARTS]

    def build(self, inputs_shape):
        for slot in LAYER_SLOTS:
            layer = getattr(self, f"{slot}_adapter")
            if layer is not None and not layer.built:
                layer.build(inputs_shape)
        self.built = True

    def call(self, inputs, task_ids=None, padding_mask=None, training=None):
        task = {"task_ids": task_ids, "padding_mask": padding_mask}
        x = self._self_attention_layer(
            query=inputs,
            value=inputs,
            attention_mask=merge_padding_and_attention_mask(
                inputs, padding_mask, None
            ),
            training=training,
        )
        x = self._self_attention_dropout(x, training=training)
        x = self._adapt("attention", x, task)
        x = attended = self._normalise("attention", x + inputs, task_ids)
        x = self._feedforward_intermediate_dense(x)
        x = self._feedforward_output_dense(x)
        x = self._feedforward_dropout(x, training=training)
        x = self._adapt("feedforward", x, task)
        x = x + attended
        for slot, read in (
            ("parallel", inputs),
            ("parallel_feedforward", attended),
        ):
            if self._in_slot(slot) is not None:
                x = x + self._in_slot(slot)(read, **task)
        x = self._normalise("feedforward", x, task_ids)
        return self._adapt("output", x, task)

    def _adapt(self, slot, x, task):
        layer = self._in_slot(slot)
        return x if layer is None else layer(x, **task)

    def _in_slot(self, slot):
        own = getattr(self, f"{slot}_adapter")
        return self.stand_ins.of_slot.get(slot, own)

    def _normalise(self, sublayer, x, task_ids):
        norm = getattr(self, f"{sublayer}_norm")
        if norm is not None:
            return norm(x, task_ids=task_ids)
        if sublayer == "attention":
            return self._self_attention_layer_norm(x)
        return self._feedforward_layer_norm(x)


class StandIns:
    """Layers that are called in the place of those in the slots.

    Not a dict of the layer that uses it, because Keras would track what is in
    there. A slot whose stand-in is `None` is empty.
    """

    def __init__(self):
        self.of_slot = {}

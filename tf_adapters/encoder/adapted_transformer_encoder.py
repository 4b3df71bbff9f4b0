"""A KerasNLP transformer layer with slots. It reads KerasNLP's privates."""

import keras_nlp
from keras import ops
from keras_hub.src.layers.modeling.transformer_layer_utils import (
    merge_padding_and_attention_mask,
)

from tf_adapters.layers import LowRankUpdate
from tf_adapters.layers import TaskLayer
from tf_adapters.methods.method import LAYER_SLOTS
from tf_adapters.methods.method import PROJECTION_SLOTS

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

    def dense_of(self, slot):
        """Returns the dense layer beside one of `PROJECTION_SLOTS`."""
        attention = self._self_attention_layer
        return {
            "query": attention._query_dense,
            "key": attention._key_dense,
            "value": attention._value_dense,
            "attention_output": attention._output_dense,
            "intermediate": self._feedforward_intermediate_dense,
            "feedforward_output": self._feedforward_output_dense,
        }[slot]

    @property
    def adapters(self):
        """The layer in each slot, or `None`, by the name of the slot."""
        return {s: getattr(self, f"{s}_adapter") for s in LAYER_SLOTS}

    def bake(self, is_dropped=False):
        """Puts in `stand_ins` what is needed to serve, and no more.

        Args:
            is_dropped: bool. Whether the slots are left empty.
        """
        for slot, adapter in self.adapters.items():
            if is_dropped:
                self.stand_ins.of_slot[slot] = None
            elif isinstance(adapter, LowRankUpdate) and adapter.num_tasks == 1:
                self.stand_ins.of_slot[slot] = None
                dense = adapter.merged(self.dense_of(slot))
                self.stand_ins.of_dense[slot] = dense
            elif isinstance(adapter, TaskLayer):
                self.stand_ins.of_slot[slot] = adapter.baked()

    def build(self, inputs_shape):
        self.built = True

    def call(self, inputs, task_ids=None, padding_mask=None, training=None):
        task = {"task_ids": task_ids, "padding_mask": padding_mask}
        mask = merge_padding_and_attention_mask(inputs, padding_mask, None)
        x = self._attend(inputs, mask, task, training)
        x = self._self_attention_dropout(x, training=training)
        x = self._adapt("attention", x, task)
        x = attended = self._normalise("attention", x + inputs, task_ids)
        x = self._intermediate(x, task)
        x = self._project("feedforward_output", x, task)
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

    def _attend(self, x, mask, task, training):
        attention = self._self_attention_layer
        slots = PROJECTION_SLOTS[:4]
        if not any(
            self._in_slot(s) or s in self.stand_ins.of_dense for s in slots
        ):
            return attention(
                query=x, value=x, attention_mask=mask, training=training
            )
        # What the attention layer does, with a slot at every projection.
        projected = [self._project(s, x, task) for s in PROJECTION_SLOTS[:3]]
        mask = attention._compute_attention_mask(x, x, attention_mask=mask)
        x, _ = attention._compute_attention(*projected, mask, training)
        return self._project("attention_output", x, task)

    def _intermediate(self, x, task):
        dense = self._feedforward_intermediate_dense
        if self._in_slot("intermediate") is None:
            return self.stand_ins.of_dense.get("intermediate", dense)(x)
        # The slot joins before the activation, which the layer would apply.
        kernel, bias = (
            ops.cast(w, self.compute_dtype) for w in (dense.kernel, dense.bias)
        )
        added = self._in_slot("intermediate")(x, **task)
        return dense.activation(ops.matmul(x, kernel) + bias + added)

    def _project(self, slot, x, task):
        dense = self.dense_of(slot)
        outputs = self.stand_ins.of_dense.get(slot, dense)(x)
        layer = self._in_slot(slot)
        if layer is None:
            return outputs
        if len(x.shape) == 4:
            # The heads of attention have an axis of their own.
            x = _flat(x)
        return outputs + ops.reshape(layer(x, **task), ops.shape(outputs))

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


def _flat(x):
    shape = ops.shape(x)
    return ops.reshape(x, (shape[0], shape[1], x.shape[2] * x.shape[3]))


class StandIns:
    """Layers that are called in the place of those in the slots.

    Not a dict of the layer that uses it, because Keras would track what is in
    there. A slot whose stand-in is `None` is empty. `of_dense` holds the dense
    layers that are called in the place of those beside a projection slot.
    """

    def __init__(self):
        self.of_slot = {}
        self.of_dense = {}

    def clear(self):
        """Lets the layers themselves be called again."""
        self.of_slot.clear()
        self.of_dense.clear()

"""A KerasNLP transformer layer with slots. It reads KerasNLP's privates."""

import functools

import keras_nlp

from tf_adapters.encoder.dense import apply_dense
from tf_adapters.encoder.dense import joined
from tf_adapters.encoder.dropout import dropout
from tf_adapters.encoder.served.stand_ins import StandIns
from tf_adapters.layers import LowRankUpdate
from tf_adapters.layers import TaskLayer
from tf_adapters.layers.normalise import normalise
from tf_adapters.layers.product import product
from tf_adapters.layers.projected.attention import merge_heads
from tf_adapters.layers.projected.attention import mix
from tf_adapters.layers.projected.attention import split_heads
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
# Slots that read the input of the layer, of which all tokens are there.
_READ_ALL = ("key", "value", "parallel")


class AdaptedTransformerEncoder(keras_nlp.layers.TransformerEncoder):
    """A `TransformerEncoder` that calls the layers in its slots.

    It takes over the sub-layers of a stock layer: no weight is copied. With
    empty slots it computes what the stock layer computes, to rounding, from
    its weights: the sub-layers themselves are not called.

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
        only: int. The position of the only token that is computed, from all
            those of `inputs`. Defaults to `None`, all of them.

    Returns:
        Tensor of the shape of `inputs`, of one token if `only` is given.
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

    @property
    def answers_alone(self):
        """Whether one token can be computed without the outputs of others.

        What a slot reads that is computed here must be enough for the layer
        in it.
        """
        return all(
            self._in_slot(slot) is None or _is_tokenwise(self._in_slot(slot))
            for slot in LAYER_SLOTS
            if slot not in _READ_ALL
        )

    def bake(self, is_dropped=False, keeps=True, is_int8=False, factored=False):
        """Puts in `stand_ins` what is needed to serve, and no more.

        Args:
            is_dropped: bool. Whether the slots are left empty.
            keeps: bool. Whether the joined projections are held as well.
            is_int8: bool. Whether projections are held as integers.
            factored: bool. Whether layers that compute their weights from
                others stay.
        """
        self.stand_ins.keeps = keeps
        self.stand_ins.is_int8 = is_int8
        for slot, adapter in self.adapters.items():
            if is_dropped:
                self.stand_ins.of_slot[slot] = None
            elif isinstance(adapter, LowRankUpdate) and adapter.num_tasks == 1:
                self.stand_ins.of_slot[slot] = None
                dense = adapter.merged(self.dense_of(slot))
                self.stand_ins.of_dense[slot] = dense
            elif isinstance(adapter, TaskLayer):
                own = adapter if factored else adapter.baked()
                self.stand_ins.of_slot[slot] = own

    def build(self, inputs_shape):
        self.built = True

    def call(
        self,
        inputs,
        task_ids=None,
        padding_mask=None,
        training=None,
        only=None,
    ):
        task = {"task_ids": task_ids, "padding_mask": padding_mask}
        own = inputs if only is None else inputs[:, only : only + 1]
        x = self._attend(own, inputs, task, training)
        x = dropout(self._self_attention_dropout, x, training)
        x = self._adapt("attention", x, task)
        x = attended = self._normalise("attention", x + own, task_ids)
        activation = self._feedforward_intermediate_dense.activation
        x = self._project("intermediate", x, task, activation)
        x = self._project("feedforward_output", x, task)
        x = dropout(self._feedforward_dropout, x, training)
        x = self._adapt("feedforward", x, task)
        x = x + attended
        parallel = self._in_slot("parallel")
        if parallel is not None and not _is_tokenwise(parallel):
            x = x + _only(parallel(inputs, **task), only)
        elif parallel is not None:
            x = x + parallel(own, **task)
        if self._in_slot("parallel_feedforward") is not None:
            x = x + self._in_slot("parallel_feedforward")(attended, **task)
        x = self._normalise("feedforward", x, task_ids)
        return self._adapt("output", x, task)

    def _attend(self, own, inputs, task, training):
        if own is inputs:
            query, key, value = self._heads(
                inputs, ("query", "key", "value"), task
            )
        else:
            (query,) = self._heads(own, ("query",), task)
            key, value = self._heads(inputs, ("key", "value"), task)
        drop = functools.partial(
            dropout,
            self._self_attention_layer._dropout_layer,
            training=training,
        )
        x = mix(query, key, value, task["padding_mask"], drop)
        return self._project("attention_output", merge_heads(x), task)

    def _heads(self, x, slots, task):
        """Projects what slots beside it read, and takes the heads apart."""
        hidden_dim = x.shape[-1]
        scale = (hidden_dim // self.num_heads) ** -0.5
        scales = [scale if slot == "query" else 1 for slot in slots]
        kernel, bias = self._weights(slots, hidden_dim, scales)
        heads = split_heads(
            product(x, kernel, bias), self.num_heads, len(slots)
        )
        for i, slot in enumerate(slots):
            layer = self._in_slot(slot)
            if layer is not None:
                added = scales[i] * layer(x, **task)
                heads[i] += split_heads(added, self.num_heads)[0]
        return heads

    def _project(self, slot, x, task, activation=None):
        layer = self._in_slot(slot)
        added = None if layer is None else layer(x, **task)
        kernel, bias = self._weights((slot,), x.shape[-1], [1])
        return apply_dense(kernel, bias, x, activation, added)

    def _weights(self, slots, input_dim, scales):
        return self.stand_ins.kept(
            slots,
            lambda: joined(
                [self._dense(slot) for slot in slots],
                input_dim,
                self.compute_dtype,
                scales,
            ),
        )

    def _dense(self, slot):
        return self.stand_ins.of_dense.get(slot, self.dense_of(slot))

    def _adapt(self, slot, x, task):
        layer = self._in_slot(slot)
        return x if layer is None else layer(x, **task)

    def _in_slot(self, slot):
        own = getattr(self, f"{slot}_adapter")
        return self.stand_ins.of_slot.get(slot, own)

    def _normalise(self, sublayer, x, task_ids):
        own = getattr(self, f"{sublayer}_norm")
        if own is not None:
            return own(x, task_ids=task_ids)
        norm = {
            "attention": self._self_attention_layer_norm,
            "feedforward": self._feedforward_layer_norm,
        }[sublayer]
        return normalise(x, norm.gamma, norm.beta, norm.epsilon)


def _is_tokenwise(layer):
    return getattr(layer, "is_tokenwise", False)


def _only(x, position):
    return x if position is None else x[:, position : position + 1]

"""What is called in the place of the layers of a transformer layer."""

import copy

import keras
import tensorflow as tf

from tf_adapters.encoder.served.int8 import quantized
from tf_adapters.encoder.served.int8 import restored


class StandIns:
    """What a transformer layer holds, for a while, to be served.

    Not a dict of the layer that uses it, because Keras would track what is in
    there.

    Attributes:
        of_slot: dict from a slot to the layer that is called in the place of
            the one in it, or to `None` if it is empty. An encoder has one for
            its `"embeddings"`.
        of_dense: dict from a projection slot to the dense layer that is called
            in the place of the one beside it.
        keeps: bool. Whether `kept` computes what it is asked for only once.
        is_int8: bool. Whether it holds that as 8-bit integers.
    """

    def __init__(self):
        self.of_slot = {}
        self.of_dense = {}
        self.keeps = False
        self.is_int8 = False
        self._kept = {}

    def kept(self, slots, compute):
        """Returns what `compute` returns, from variables while `keeps` is set.

        Args:
            slots: tuple of str. Whose projections are computed together; a
                single one is held only as integers, since it is a weight as
                it is.
            compute: function without arguments that returns the kernel, of
                shape `(input_dim, units)`, and the bias.
        """
        if not self.keeps or (len(slots) == 1 and not self.is_int8):
            return compute()
        if slots not in self._kept:
            # In a graph, variables that are made here would belong to it.
            with tf.init_scope():
                kernel, bias = compute()
                values = quantized(kernel) if self.is_int8 else (kernel,)
                self._kept[slots] = [_variable(v) for v in (*values, bias)]
        *kernel, bias = [variable.value for variable in self._kept[slots]]
        if self.is_int8:
            return restored(*kernel, bias.dtype), bias
        return kernel[0], bias

    def emptied(self, slots):
        """Returns stand-ins of the same weights that leave slots empty.

        Args:
            slots: the names of the slots.

        Raises:
            ValueError: if what was in a slot has become a part of a weight.
        """
        if self.of_dense:
            raise ValueError(
                "A signature without adapters shares its weights with the "
                "others. Received: a method whose update is added to a "
                "pretrained kernel when it serves one task. Export the model "
                "with `dropped_layers` to a path of its own."
            )
        empty = copy.copy(self)
        empty.of_slot = dict.fromkeys(slots)
        return empty

    def clear(self):
        """Lets the layers themselves be called again."""
        self.of_slot.clear()
        self.of_dense.clear()
        self.keeps = False
        self.is_int8 = False
        self._kept.clear()


def _variable(value):
    return keras.Variable(
        value, dtype=value.dtype.name, trainable=False, autocast=False
    )

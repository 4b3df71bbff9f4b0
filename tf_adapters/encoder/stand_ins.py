"""What is called in the place of the layers of a transformer layer."""

import keras
import tensorflow as tf


class StandIns:
    """What a transformer layer holds, for a while, to be served.

    Not a dict of the layer that uses it, because Keras would track what is in
    there.

    Attributes:
        of_slot: dict from a slot to the layer that is called in the place of
            the one in it, or to `None` if it is empty.
        of_dense: dict from a projection slot to the dense layer that is called
            in the place of the one beside it.
        keeps: bool. Whether `kept` computes what it is asked for only once.
    """

    def __init__(self):
        self.of_slot = {}
        self.of_dense = {}
        self.keeps = False
        self._kept = {}

    def kept(self, name, compute):
        """Returns what `compute` returns, as variables while `keeps` is set.

        Args:
            name: hashable. What is computed.
            compute: function without arguments that returns a list of
                Tensors.
        """
        if not self.keeps:
            return compute()
        if name not in self._kept:
            # In a graph, variables that are made here would belong to it.
            with tf.init_scope():
                self._kept[name] = [
                    keras.Variable(value, trainable=False, autocast=False)
                    for value in compute()
                ]
        return [variable.value for variable in self._kept[name]]

    def clear(self):
        """Lets the layers themselves be called again."""
        self.of_slot.clear()
        self.of_dense.clear()
        self.keeps = False
        self._kept.clear()

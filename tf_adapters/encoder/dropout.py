"""Dropout in the form that costs least on a CPU."""

import math

import tensorflow as tf
from keras import ops

_LEVELS = 2**16


def dropout(layer, inputs, training):
    """Does what a `keras.layers.Dropout` does, with half as many random bits.

    Drawing them is most of its cost, and 16 a number are enough: the rate is
    that of the layer to within 1e-5, and what is kept is scaled by the rate as
    it is.

    Args:
        layer: a `keras.layers.Dropout`, whose rate and seeds are used.
        inputs: Tensor of floats.
        training: bool or `None`. Whether anything is dropped.

    Returns:
        Tensor of the shape and dtype of `inputs`.
    """
    dropped = round(layer.rate * _LEVELS)
    if not training or dropped == 0:
        return inputs
    shape = ops.shape(inputs)
    size = math.prod(shape)
    pairs = tf.random.stateless_uniform(
        [(size + 1) // 2],
        seed=tf.cast(layer.seed_generator.next(), "int32"),
        minval=None,
        maxval=None,
        dtype="int32",
    )
    bits = tf.reshape(tf.bitcast(pairs, "int16"), (-1,))[:size]
    is_kept = tf.reshape(bits, shape) >= dropped - _LEVELS // 2
    scale = _LEVELS / (_LEVELS - dropped)
    return inputs * (tf.cast(is_kept, inputs.dtype) * scale)

"""Kernels and embeddings as 8-bit integers, for a model that is served.

They are rounded as Keras's own `quantize("int8")` rounds them, each column of a
kernel and each row of a table of its own scale. What Keras then multiplies,
integers of rounded activations, TensorFlow multiplies on a CPU without oneDNN,
ten times as slowly as floats. Here the kernel becomes float again where it is
multiplied, and activations are not rounded.
"""

import keras
from keras import ops


def quantized(kernel):
    """Rounds a kernel to integers.

    Args:
        kernel: Tensor of shape `(input_dim, units)`.

    Returns:
        Tuple of an int8 Tensor of that shape and the float32 steps between
        them, of shape `(1, units)`.
    """
    values, scale = keras.quantizers.abs_max_quantize(
        ops.cast(kernel, "float32"), axis=0, to_numpy=True
    )
    return ops.convert_to_tensor(values), ops.convert_to_tensor(1 / scale)


def restored(values, step, dtype):
    """Returns the kernel that `quantized` rounded, as `dtype`."""
    return ops.cast(ops.cast(values, step.dtype) * step, dtype)


def quantized_embedding(embedding):
    """Returns a copy of the embeddings of a backbone, its tables integers.

    Args:
        embedding: the functional model from token ids to the sum of all
            embeddings.
    """
    copy = keras.models.clone_model(embedding)
    copy.set_weights(embedding.get_weights())
    for layer in copy._flatten_layers():
        is_table = isinstance(layer, keras.layers.Embedding)
        if is_table and layer.quantization_mode is None:
            layer.quantize("int8")
    return copy

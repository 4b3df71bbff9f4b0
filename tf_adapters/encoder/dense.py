"""The dense layers of a KerasNLP transformer layer, by their weights.

Calling them would cost more: an `EinsumDense` multiplies with axes for heads,
and a product of its own for each of query, key and value reads what they read
three times.
"""

from keras import ops

from tf_adapters.layers.product import product


def apply_dense(kernel, bias, inputs, activation=None, added=None):
    """Computes `activation(inputs @ kernel + bias + added)`.

    Args:
        kernel, bias: Tensors, as `joined` returns them.
        inputs: Tensor of shape `(batch_size, sequence_length, input_dim)`.
        activation: function from Tensor to Tensor. Defaults to `None`.
        added: Tensor of the shape of the result. Defaults to `None`.

    Returns:
        Tensor of shape `(batch_size, sequence_length, units)`.
    """
    if added is None:
        return product(inputs, kernel, bias, activation)
    outputs = product(inputs, kernel, bias) + added
    return outputs if activation is None else activation(outputs)


def joined(denses, input_dim, dtype, scales):
    """Puts dense layers that read the same side by side.

    Args:
        denses: list of built `Dense` or `EinsumDense` layers, whose own
            activations are left out.
        input_dim: int. What they read.
        dtype: str. What is computed in.
        scales: list of floats. What each of their results is multiplied by.

    Returns:
        list of a kernel of shape `(input_dim, total_units)` and a bias of
        shape `(total_units,)`.

    Raises:
        ValueError: if the weights of a layer are quantized.
    """
    pairs = [
        [scale * weight if scale != 1 else weight for weight in matrix]
        for matrix, scale in zip(
            (_matrix(dense, input_dim, dtype) for dense in denses),
            scales,
            strict=True,
        )
    ]
    if len(pairs) == 1:
        return pairs[0]
    return [
        ops.concatenate(parts, axis=-1) for parts in zip(*pairs, strict=True)
    ]


def _matrix(dense, input_dim, dtype):
    """The kernel as a matrix and the bias as a vector, heads side by side."""
    if dense.quantization_mode is not None:
        raise ValueError(
            "The adapted encoder multiplies by the weights as they were "
            f"trained. Received: {dense.path!r}, quantized to "
            f"{dense.quantization_mode!r}. Adapt the backbone that was not."
        )
    kernel = ops.reshape(ops.cast(dense.kernel, dtype), (input_dim, -1))
    return kernel, ops.reshape(ops.cast(dense.bias, dtype), (-1,))

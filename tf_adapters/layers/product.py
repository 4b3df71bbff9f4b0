"""The product of a dense layer, in the form that costs least."""

from keras import ops


def product(inputs, kernel, bias=None, activation=None):
    """Computes `activation(inputs @ kernel + bias)`.

    All tokens are rows of one matrix, and bias and activation follow the
    product at once: TensorFlow then computes the three in one operation.

    Args:
        inputs: Tensor of shape `(..., input_dim)`.
        kernel: Tensor of shape `(input_dim, units)`.
        bias: Tensor of shape `(units,)`. Defaults to `None`.
        activation: function from Tensor to Tensor. Defaults to `None`.

    Returns:
        Tensor of shape `(..., units)`.
    """
    input_dim, units = kernel.shape
    outputs = ops.matmul(ops.reshape(inputs, (-1, input_dim)), kernel)
    if bias is not None:
        # Not `+`, of which TensorFlow makes an operation of its own.
        outputs = ops.add(outputs, bias)
    if activation is not None:
        outputs = activation(outputs)
    if len(inputs.shape) == 2:
        return outputs
    return ops.reshape(outputs, (*ops.shape(inputs)[:-1], units))

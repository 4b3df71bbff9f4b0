"""Activations by name, with the two GELUs told apart."""

import math

import keras
from keras import ops
from keras.backend import result_type


@keras.saving.register_keras_serializable(package="tf_adapters")
def gelu_approximate(x):
    """GELU by its tanh approximation, as BERT's own TensorFlow code has it."""
    return ops.gelu(x, approximate=True)


@keras.saving.register_keras_serializable(package="tf_adapters")
def gelu_exact(x):
    """GELU by the error function, as PyTorch BERT has it.

    Half precision is computed in float32 and rounded once. `ops.gelu` calls
    `erfc`, which TensorFlow computes on a CPU number by number: this takes half
    of its time in float32, a quarter in bfloat16.
    """
    exact = ops.cast(x, result_type(x.dtype, "float32"))
    outputs = 0.5 * exact * (1 + ops.erf(exact * math.sqrt(0.5)))
    return ops.cast(outputs, x.dtype)


_OWN = {"gelu_approximate": gelu_approximate, "gelu_exact": gelu_exact}


def get_activation(name):
    """Returns the function called `name`.

    Args:
        name: `"gelu_approximate"`, `"gelu_exact"`, any name that
            `keras.activations.get` knows, or a function.

    Returns:
        A function from Tensor to Tensor.

    Raises:
        ValueError: if the name is not known.
    """
    if isinstance(name, str) and name in _OWN:
        return _OWN[name]
    return keras.activations.get(name)


def activation_name(activation):
    """Returns what `get_activation` turns back into `activation`.

    Args:
        activation: a name or a function, as for `get_activation`.

    Raises:
        ValueError: if the name is not known.
    """
    activation = get_activation(activation)
    # KerasNLP has functions of its own that compute the same.
    name = getattr(activation, "__name__", None)
    if name in _OWN:
        return name
    return keras.activations.serialize(activation)

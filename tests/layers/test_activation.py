import math

import numpy as np
import pytest
import tensorflow as tf

from tf_adapters.layers.activation import activation_name
from tf_adapters.layers.activation import gelu_approximate
from tf_adapters.layers.activation import gelu_exact
from tf_adapters.layers.activation import get_activation

X = np.linspace(-9.0, 9.0, 181)
CUMULATIVE = np.array([0.5 * math.erfc(-x / math.sqrt(2)) for x in X])
DENSITY = np.exp(-(X**2) / 2) / math.sqrt(2 * math.pi)


def test_gelu_exact_at_one():
    # One times the probability of at most one standard deviation.
    assert float(gelu_exact(tf.constant(1.0))) == pytest.approx(0.8413447)


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [("float64", 1e-15), ("float32", 1e-6)]
)
def test_gelu_exact_is_x_times_the_cumulative_normal(dtype, tolerance):
    outputs = gelu_exact(tf.constant(X, dtype))

    assert outputs.dtype == dtype
    np.testing.assert_allclose(outputs, X * CUMULATIVE, atol=9 * tolerance)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_gelu_exact_rounds_half_precision_once(dtype):
    x = tf.constant(X, dtype)
    outputs = gelu_exact(x)

    assert outputs.dtype == dtype
    # What float64 gives for these very inputs, rounded.
    exact = tf.cast(gelu_exact(tf.cast(x, "float64")), dtype)
    np.testing.assert_allclose(
        tf.cast(outputs, "float64"), tf.cast(exact, "float64"), atol=1e-6
    )


def test_gradient_of_gelu_exact():
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = gelu_exact(x)

    expected = CUMULATIVE + X * DENSITY
    np.testing.assert_allclose(tape.gradient(outputs, x), expected, atol=1e-14)


def test_gelu_approximate_is_the_one_of_bert():
    inner = math.sqrt(2 / math.pi) * (X + 0.044715 * X**3)

    outputs = gelu_approximate(tf.constant(X))

    np.testing.assert_allclose(outputs, X * (1 + np.tanh(inner)) / 2, atol=1e-9)


@pytest.mark.parametrize("name", ["gelu_exact", "gelu_approximate", "swish"])
def test_names_come_back(name):
    activation = get_activation(name)

    assert get_activation(activation_name(activation)) is activation


def test_an_unknown_activation():
    with pytest.raises(ValueError, match="gelu_exactly"):
        get_activation("gelu_exactly")

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.rounding import assert_same_to_rounding
from tf_adapters.layers.normalise import normalise

X = np.random.default_rng(0).normal(size=(2, 3, 8)).astype("float32")
GAMMA = np.linspace(-1, 2, 8).astype("float32")
BETA = np.linspace(3, 0, 8).astype("float32")


def test_by_hand():
    """Mean 3, variance 1: of [2, 4] is [-1, 1], times [2, 3], plus [10, 20]."""
    x, gamma, beta = (
        tf.constant(v) for v in ([[2.0, 4]], [2.0, 3], [10.0, 20])
    )
    np.testing.assert_allclose(
        normalise(x, gamma, beta, 1e-12), [[8, 23]], rtol=1e-6
    )
    # A variance of 1 + 3 halves them.
    np.testing.assert_allclose(
        normalise(x, gamma, beta, 3.0), [[9, 21.5]], rtol=1e-6
    )


def test_it_is_the_formula():
    x = X.astype("float64")
    x = x - x.mean(-1, keepdims=True)
    expected = x / np.sqrt((x**2).mean(-1, keepdims=True) + 0.1) * GAMMA + BETA
    found = normalise(tf.constant(X), GAMMA, BETA, 0.1)
    assert_same_to_rounding(found, expected.astype("float32"))


def test_its_gradients_are_those_of_keras():
    layer = keras.layers.LayerNormalization(epsilon=1e-3)
    layer.build(X.shape)
    layer.set_weights([GAMMA, BETA])
    x = tf.constant(X)
    variables = [x, layer.gamma.value, layer.beta.value]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        stock = tf.reduce_sum(layer(x) ** 3)
        own = tf.reduce_sum(normalise(x, layer.gamma, layer.beta, 1e-3) ** 3)
    for found, expected in zip(
        tape.gradient(own, variables),
        tape.gradient(stock, variables),
        strict=True,
    ):
        assert_same_to_rounding(found, expected)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_computed_in_float32(dtype):
    # The squares of these are more than float16 holds, and differ by less
    # than bfloat16 sees.
    x = tf.constant([[300.0, 301.0, 302.0, 303.0]]) * (
        1 if dtype == "float16" else 0.25
    )
    x = tf.cast(x, dtype)
    ones = tf.ones(4, dtype)
    found = normalise(x, ones, 0 * ones, 1e-12)
    assert found.dtype == dtype
    exact = np.array(tf.cast(x, "float64"))
    exact = (exact - exact.mean()) / exact.std()
    np.testing.assert_allclose(
        np.array(tf.cast(found, "float64")), exact, rtol=2.0**-8
    )

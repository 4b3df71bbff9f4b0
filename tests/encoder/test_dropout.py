import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_adapters.encoder.dropout import dropout


def drop(rate, shape, training=True, dtype="float32", **kwargs):
    layer = keras.layers.Dropout(rate, seed=1)
    return np.array(
        tf.cast(dropout(layer, tf.ones(shape, dtype), training), "float32")
    )


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("shape", [(100, 1000), (11, 9091)])
def test_the_rate_is_that_of_the_layer(rate, shape):
    found = drop(rate, shape)
    values = np.unique(found)
    assert values[0] == 0
    assert len(values) == 2
    np.testing.assert_allclose(values[1], 1 / (1 - rate), rtol=1e-4)
    # Five standard deviations of the share of 100,000 draws.
    spread = 5 * (rate * (1 - rate) / found.size) ** 0.5
    assert abs((found == 0).mean() - rate) < spread
    # Neighbours, of which two share the bits of one number, are independent.
    flat = found.ravel() == 0
    both = (flat[:-1] & flat[1:]).mean()
    assert abs(both - rate**2) < 5 * (rate**2 / flat.size) ** 0.5


def test_nothing_is_dropped_where_nothing_is_asked_for():
    for rate, training in ((0.5, False), (0.5, None), (0.0, True)):
        np.testing.assert_array_equal(drop(rate, (3, 5), training), 1)


def test_every_call_draws_anew_and_a_seed_draws_the_same():
    layer = keras.layers.Dropout(0.5, seed=1)
    x = tf.ones((7, 5))
    one, two = (np.array(dropout(layer, x, True)) for _ in range(2))
    assert (one != two).any()
    np.testing.assert_array_equal(one, drop(0.5, (7, 5)))


def test_half_precision():
    assert set(np.unique(drop(0.5, (8, 9), dtype="bfloat16"))) == {0, 2}


@pytest.mark.parametrize("jit_compile", [False, True])
def test_compiled_and_the_gradient_is_the_mask(jit_compile):
    layer = keras.layers.Dropout(0.5, seed=1)

    @tf.function(jit_compile=jit_compile)
    def compute(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = dropout(layer, x, True)
        return outputs, tape.gradient(outputs, x)

    outputs, gradient = compute(tf.ones((3, 5)))
    np.testing.assert_array_equal(outputs, gradient)
    assert set(np.unique(outputs)) == {0, 2}

import keras
import numpy as np
import pytest
from keras import ops

from tests.rounding import assert_same_to_rounding
from tf_adapters.layers.product import product

X = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
KERNEL = np.random.default_rng(1).normal(size=(4, 5)).astype("float32")
BIAS = np.arange(5, dtype="float32")


def test_by_hand():
    """[1, 2] @ [[1, 0], [3, -4]] + [1, 0] = [8, -8], and the relu of it."""
    kernel, bias = ops.array([[1.0, 0], [3, -4]]), ops.array([1.0, 0])
    x = ops.array([[1.0, 2]])
    np.testing.assert_array_equal(product(x, kernel, bias), [[8, -8]])
    found = product(x, kernel, bias, keras.activations.relu)
    np.testing.assert_array_equal(found, [[8, 0]])
    np.testing.assert_array_equal(product(x, kernel), [[7, -8]])


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4), (2, 1, 3, 4)])
def test_tokens_of_any_shape(shape):
    x = np.resize(X, (1, *shape)).astype("float32")
    found = product(ops.array(x), ops.array(KERNEL), ops.array(BIAS))
    expected = (x.astype("float64") @ KERNEL + BIAS).astype("float32")
    assert_same_to_rounding(found, expected)


def test_a_batch_of_a_size_not_known_before():
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((None, None, 4))])
    def compute(x):
        found = product(x, tf.constant(KERNEL), tf.constant(BIAS))
        assert found.shape.as_list() == [None, None, 5]
        return found

    assert_same_to_rounding(compute(X), X @ KERNEL + BIAS)

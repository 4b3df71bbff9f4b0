"""Rules that make a dense layer one of other numbers: methods.md 3.1."""

import keras
import numpy as np

from tests.rounding import ROUNDING
from tf_adapters.layers import PHMDense
from tf_adapters.layers import PHMRule

# A matrix for each of 1, i, j and k on the right, and in it a row for each of
# them on the left: i times j is k, j times i is -k.
QUATERNIONS = [
    [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
    [[0, 1, 0, 0], [-1, 0, 0, 0], [0, 0, 0, -1], [0, 0, 1, 0]],
    [[0, 0, 1, 0], [0, 0, 0, 1], [-1, 0, 0, 0], [0, -1, 0, 0]],
    [[0, 0, 0, 1], [0, 0, -1, 0], [0, 1, 0, 0], [-1, 0, 0, 0]],
]
COMPLEX = [[[1, 0], [0, 1]], [[0, 1], [-1, 0]]]


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def test_one_product_is_a_scaled_dense_layer():
    """C3."""
    x, kernel, bias = normal(2, 3, 4), normal(4, 5, seed=1), normal(5, seed=2)
    dense = keras.layers.Dense(5)
    dense.build(x.shape)
    dense.set_weights([kernel, bias])
    layer = PHMDense(5, phm_dim=1)
    layer.build(x.shape)
    layer.kernel_factors.assign([[kernel]])
    layer.bias.assign([bias])
    layer.rule.assign([[[[1]]]])
    np.testing.assert_allclose(layer(x), dense(x), atol=ROUNDING)
    layer.rule.assign([[[[3]]]])
    np.testing.assert_allclose(layer(x), 3 * (x @ kernel) + bias, atol=ROUNDING)


def algebra(rule, units, factors):
    """A dense layer of the numbers that `rule` multiplies."""
    constant = keras.initializers.Constant(np.array(rule))
    n = len(rule)
    fixed = PHMRule(n, learn=False, initializer=constant)
    layer = PHMDense(n * units, phm_dim=n, rule=fixed, use_bias=False)
    layer.build((None, None, n * factors.shape[1]))
    layer.kernel_factors.assign([factors])
    assert [w.path for w in layer.trainable_weights] == [
        layer.kernel_factors.path
    ]
    return layer


def test_two_products_are_complex_numbers():
    """C4: the real parts stand before the imaginary ones."""
    factors, x = normal(2, 3, 4), normal(1, 5, 6, seed=1)
    expected = (x[..., :3] + 1j * x[..., 3:]) @ (factors[0] + 1j * factors[1])
    outputs = algebra(COMPLEX, 4, factors)(x)
    expected = np.concatenate([expected.real, expected.imag], axis=-1)
    np.testing.assert_allclose(outputs, expected, atol=ROUNDING)


def hamilton(p, q):
    a, b, c, d = p
    e, f, g, h = q
    return np.array(
        [
            a * e - b * f - c * g - d * h,
            a * f + b * e + c * h - d * g,
            a * g - b * h + c * e + d * f,
            a * h + b * g - c * f + d * e,
        ]
    )


def test_four_products_are_quaternions():
    """C4: the Hamilton product of inputs and factors, in this order."""
    factors, x = normal(4, 2, 3), normal(1, 1, 8, seed=1)
    numbers = x.reshape(4, 2)
    expected = np.stack(
        [
            sum(hamilton(numbers[:, p], factors[:, p, q]) for p in range(2))
            for q in range(3)
        ],
        axis=1,
    )
    outputs = np.array(algebra(QUATERNIONS, 3, factors)(x)).reshape(4, 3)
    np.testing.assert_allclose(outputs, expected, atol=ROUNDING)

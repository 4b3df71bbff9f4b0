import numpy as np
import pytest

from tests import numpy_hyperformer
from tests.rounding import ROUNDING
from tf_adapters.layers import AdapterGenerator

NAMES = {"down", "down_bias", "up", "up_bias", "gamma", "beta"}


def built(hidden_dim=6, bottleneck_dim=3, dim=4):
    layer = AdapterGenerator(hidden_dim, bottleneck_dim)
    layer.build((None, dim))
    return layer


def test_by_hand():
    # Vectors of one number: weights are kernel times it plus bias, and read
    # into rows from left to right.
    layer = built(3, 2, dim=1)
    layer.down_generator.kernel.assign([[1, 2, 3, 4, 5, 6]])
    layer.up_generator.kernel.assign([[1, 2, 3, 4, 5, 6]])
    layer.gamma_generator.kernel.assign([[1, 0, 2]])
    layer.gamma_generator.bias.assign([10, 20, 30])
    made = layer(np.array([[1], [2]], "float32"))
    down = np.array([[1, 2], [3, 4], [5, 6]])
    np.testing.assert_array_equal(made["down"], [down, 2 * down])
    up = np.array([[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(made["up"], [up, 2 * up])
    gamma = [[11, 20, 32], [12, 20, 34]]
    np.testing.assert_array_equal(made["gamma"], gamma)


def test_weights_are_those_of_the_formula(scramble):
    layer = built()
    scramble(layer.weights)
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    made, expected = layer(x), numpy_hyperformer.generated(layer, x)
    assert set(made) == set(expected) == NAMES
    for name, weight in made.items():
        np.testing.assert_allclose(weight, expected[name], atol=ROUNDING)


def test_weights_are_affine_in_the_vector(scramble):
    """F2: W(u) + W(v) - W(0) = W(u + v)."""
    layer = built()
    scramble(layer.weights)
    u, v = np.random.default_rng(0).normal(size=(2, 4))
    made = layer(np.array([u, v, 0 * u, u + v], "float32"))
    for name, weight in made.items():
        of_u, of_v, of_zero, of_sum = np.array(weight)
        assert np.abs(of_zero).max() > 0.05, name
        np.testing.assert_allclose(of_u + of_v - of_zero, of_sum, atol=ROUNDING)


def test_weights_of_vectors_of_norm_8_are_of_008():
    """F4: sums of 0.01 * v, of variance 1e-4 * 64, so 0.01 * 8."""
    layer = built(64, 16, dim=64)
    x = np.random.default_rng(0).normal(size=(8, 64))
    x *= 8 / np.linalg.norm(x, axis=-1, keepdims=True)
    made = {k: np.array(v) for k, v in layer(x.astype("float32")).items()}
    for name in ("down", "up"):
        np.testing.assert_allclose(made[name].std(), 0.08, rtol=0.05)
    for name in ("gamma", "beta", "up_bias"):
        np.testing.assert_allclose(made[name].std(), 0.08, rtol=0.15)
        # Around 0, the gain too: 4 deviations of the mean of 64 * 8 numbers.
        assert abs(made[name].mean()) < 4 * 0.08 / 512**0.5


def test_zero_vector_makes_nothing_at_the_start():
    for weight in built()(np.zeros((2, 4), "float32")).values():
        assert not np.any(weight)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_weight_has_a_network_of_its_own(name):
    layer, x = built(), np.ones((1, 4), "float32")
    before = layer(x)
    generator = getattr(layer, f"{name}_generator")
    generator.bias.assign(generator.bias + 1)
    for other, weight in layer(x).items():
        difference = np.array(weight) - before[other]
        np.testing.assert_allclose(difference, other == name, atol=ROUNDING)


def test_count_is_the_closed_form():
    # methods.md 4.4: (t + 1)(2dm + d + m) + 2(t + 1)d.
    d, m, t = 6, 3, 4
    expected = (t + 1) * (2 * d * m + d + m) + 2 * (t + 1) * d
    assert built(d, m, t).count_params() == expected


def test_it_computes_in_float32_whatever_the_policy():
    layer = AdapterGenerator(6, 3, dtype="mixed_bfloat16")
    made = layer(np.ones((1, 4), "float32"))
    assert all(weight.dtype == "float32" for weight in made.values())
    revived = AdapterGenerator.from_config(layer.get_config())
    assert (revived.hidden_dim, revived.bottleneck_dim) == (6, 3)

"""Products of a rule and factors, by the names of methods.md, section 9."""

import numpy as np
import pytest

from tests.rounding import ROUNDING
from tf_adapters.layers import PHMBottleneckAdapter
from tf_adapters.layers import PHMDense
from tf_adapters.layers import PHMFactors
from tf_adapters.layers import PHMRule
from tf_adapters.layers.phm import phm_weights


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def test_kernel_by_hand():
    # kron([[1, 0], [0, 1]], [[1], [2]]) puts (1, 2) on the diagonal tiles,
    # kron([[0, 1], [0, 0]], [[3], [4]]) puts (3, 4) in the upper right one.
    rule = np.array([[[1, 0], [0, 1]], [[0, 1], [0, 0]]], "float32")
    factors = np.array([[[1], [2]], [[3], [4]]], "float32")
    expected = [[1, 3], [2, 4], [0, 1], [0, 2]]
    np.testing.assert_array_equal(
        phm_weights.kernel_of(rule, factors), expected
    )


@pytest.mark.parametrize("n, rows, columns", [(1, 3, 2), (2, 3, 1), (4, 2, 5)])
def test_kernel_is_the_sum_of_kronecker_products(n, rows, columns):
    """C1, of one task and of three."""
    rule, factors = normal(3, n, n, n), normal(3, n, rows, columns, seed=1)
    expected = [
        sum(map(np.kron, *pair)) for pair in zip(rule, factors, strict=True)
    ]
    kernels = phm_weights.kernel_of(rule, factors)
    np.testing.assert_allclose(kernels, expected, atol=ROUNDING)
    kernel = phm_weights.kernel_of(rule[1], factors[1])
    np.testing.assert_allclose(kernel, expected[1], atol=ROUNDING)


@pytest.mark.parametrize(
    "n, rank, input_dim, units, expected",
    [
        (2, 1, 48, 24, 4),
        (4, 1, 48, 24, 16),
        (4, 1, 768, 24, 16),
        (4, 2, 48, 24, 24),
        (2, 2, 48, 24, 8),
        (4, 1, 12, 24, 12),
    ],
)
def test_rank_of_the_kernel(n, rank, input_dim, units, expected):
    """C5: no more than n * n * rank, nor than the kernel has rows."""
    left = normal(n, input_dim // n, rank, seed=1)
    right = normal(n, rank, units // n, seed=2)
    kernel = np.array(phm_weights.kernel_of(normal(n, n, n), left @ right))
    assert kernel.shape == (input_dim, units)
    assert np.linalg.matrix_rank(kernel) == expected


@pytest.mark.parametrize("n", [1, 2, 4, 8, 12, 24])
def test_count_of_a_low_rank_layer_depends_on_the_rule_only(n):
    """C6."""
    layer = PHMDense(24, phm_dim=n, rank=1)
    layer.build((None, None, 768))
    assert layer.count_params() == n**3 + (768 + 24) + 24


@pytest.mark.parametrize("n, expected", [(8, 6_424), (12, 7_320)])
def test_rules_of_each_kernel_outweigh_their_savings(n, expected):
    """C7: 2 (n ** 3 + d m / n) + m + d is larger for 12 products than for 8."""
    layer = PHMBottleneckAdapter(24, phm_dim=n, rank=None)
    layer.build((None, None, 768))
    assert layer.count_params() == expected
    assert expected == 2 * (n**3 + 768 * 24 // n) + 24 + 768


@pytest.mark.parametrize(
    "n, rank, bounds",
    [
        (4, 1, {"kernel_left": 0.2494, "kernel_right": 1.3093}),
        (12, None, {"kernel_factors": 0.4264}),
    ],
)
def test_factors_are_drawn_slice_by_slice(n, rank, bounds):
    """C10."""
    layer = PHMFactors(768, 24, phm_dim=n, rank=rank, num_tasks=25)
    layer.build()
    assert set(layer.banks) == set(bounds)
    for name, bound in bounds.items():
        drawn = np.array(layer.banks[name])
        rows, columns = drawn.shape[2:]
        exact = np.sqrt(2) * np.sqrt(6 / (rows + columns))
        assert round(exact, 4) == bound
        # Of 600 draws, the fewest there are, none passes with 0.98 ** 600.
        assert 0.98 * exact < np.abs(drawn).max() <= exact * (1 + 1e-6)
        np.testing.assert_allclose(drawn.std(), exact / np.sqrt(3), rtol=0.07)
        slices = drawn.reshape(-1, rows * columns)
        assert len(np.unique(slices[:, 0])) == len(slices)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: PHMDense(50), "phm_dim=4 for units=50"),
        (lambda: PHMDense(0), "phm_dim=4 for units=0"),
        (lambda: PHMDense(8, phm_dim=0), "phm_dim=0 for units=8"),
        (
            lambda: PHMDense(48).build((None, None, 30)),
            "phm_dim=4 for input_dim=30, units=48",
        ),
        (lambda: PHMFactors(30, 8, 4), "phm_dim=4 for input_dim=30, units=8"),
        (lambda: PHMFactors(8, 30, 4), "phm_dim=4 for input_dim=8, units=30"),
        (lambda: PHMRule(0), "`phm_dim` must be at least 1.*phm_dim=0"),
        (
            lambda: PHMBottleneckAdapter(6),
            "`phm_dim` must divide.*phm_dim=4 for bottleneck_dim=6",
        ),
        (
            lambda: PHMBottleneckAdapter(4).build((None, None, 6)),
            "phm_dim=4 for input_dim=6, units=4",
        ),
    ],
)
def test_sizes_that_do_not_divide_are_refused(make, message):
    """C11."""
    with pytest.raises(ValueError, match=message):
        make()

import numpy as np
import pytest

from tests import numpy_hyperformer
from tests import numpy_phm
from tests.rounding import ROUNDING
from tf_adapters.layers import FoldedAdapter
from tf_adapters.layers import NormalizedAdapter


def test_by_hand():
    # Down makes 2 of the input, up (2, 6) of it, with the bias (4, 6). Their
    # mean is 5, so rows less their means are (-1, 1) and (0, 0) + (1, -1): h is
    # (2, 1), and h @ rows = (-2, 2) + (1, -1) = (-1, 1), of variance 1. Gain
    # and offset make (10 - 3, 100 + 20), added to the input (1, 1).
    kernels = {
        "down": [[[1], [1]]],
        "down_bias": [[0]],
        "up": [[[1, 3]]],
        "up_bias": [[2, 0]],
        "gamma": [[3, 100]],
        "beta": [[10, 20]],
    }
    layer = FoldedAdapter(1, epsilon=0.0, activation="relu")
    layer.build((None, None, 2))
    layer.assign_from({k: np.array(v, "float32") for k, v in kernels.items()})
    root = np.array(layer.root[0])
    np.testing.assert_allclose(root @ root.T, [[1, -1], [-1, 1]], atol=ROUNDING)
    x = np.ones((1, 1, 2), "float32")
    np.testing.assert_allclose(layer(x), [[[8, 121]]], rtol=1e-6)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("shared_norm", [False, True])
@pytest.mark.parametrize("scale", [0.0, 1e-3, 0.7])
def test_output_is_that_of_the_formula(
    mixed_batch, scramble, shared_norm, scale
):
    # Where it starts, the epsilon is as large as the variance.
    x, mask, task_ids = mixed_batch
    adapter = NormalizedAdapter(4, shared_norm=shared_norm, num_tasks=3)
    adapter.build((None, None, 8))
    scramble(adapter.weights, scale=scale)
    norm = {}
    if shared_norm:
        norm = {
            name: np.array(getattr(adapter, name), "float64")
            for name in ("gamma", "beta")
        }
    expected = [
        numpy_hyperformer.adapter(numpy_phm.weights_of(t, adapter) | norm, row)
        for row, t in zip(x, task_ids, strict=True)
    ]
    folded = adapter.baked()
    assert type(folded) is FoldedAdapter
    assert folded.num_tasks == 3
    outputs = folded(x, task_ids=task_ids, padding_mask=mask)
    np.testing.assert_allclose(outputs, expected, atol=3e-5)


def test_nothing_is_divided_by_zero():
    adapter = NormalizedAdapter(2, epsilon=1e-12)
    adapter.build((None, None, 8))
    adapter.up.assign(np.zeros((1, 2, 8)))
    adapter.beta.assign(np.arange(8.0)[None])
    x = np.ones((1, 2, 8), "float32")
    # All that is left is the offset.
    np.testing.assert_allclose(adapter.baked()(x), x + np.arange(8.0))


def test_a_wide_adapter_keeps_its_precision(scramble):
    adapter = NormalizedAdapter(48)
    adapter.build((None, None, 768))
    scramble(adapter.weights, scale=0.1)
    # An offset that all features share is what the norm takes away.
    adapter.up_bias.assign(adapter.up_bias + 100)
    x = np.random.default_rng(0).normal(size=(4, 16, 768)).astype("float32")
    expected = [
        numpy_hyperformer.adapter(numpy_phm.weights_of(0, adapter), row)
        for row in x
    ]
    np.testing.assert_allclose(adapter.baked()(x), expected, atol=ROUNDING)

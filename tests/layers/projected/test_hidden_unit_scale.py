import numpy as np
import pytest

from tests import numpy_pals
from tests.rounding import ROUNDING
from tf_adapters.layers import HiddenUnitScale


def test_by_hand():
    # sigmoid(ln 3) = 3/4 and sigmoid(-ln 3) = 1/4, twice which is 1.5 and 0.5.
    layer = HiddenUnitScale()
    layer.build((None, None, 3))
    layer.scale.assign([[np.log(3), 0, -np.log(3)]])
    x = np.array([[[2, 2, 2], [4, -4, -4]]], "float32")
    expected = [[[3, 2, 1], [6, -4, -2]]]
    np.testing.assert_allclose(layer(x), expected, atol=ROUNDING)


def test_new_layer_is_the_identity(mixed_batch):
    """P2, bit for bit."""
    x, mask, task_ids = mixed_batch
    layer = HiddenUnitScale(num_tasks=3)
    outputs = layer(x, task_ids=task_ids, padding_mask=mask)
    np.testing.assert_array_equal(outputs, x)


def test_each_example_is_scaled_by_its_task(scramble, mixed_batch):
    x, _, task_ids = mixed_batch
    layer = HiddenUnitScale(num_tasks=3)
    layer.build(x.shape)
    scramble(layer.weights, scale=2)
    rows = numpy_pals.rows_of(layer, task_ids)
    expected = numpy_pals.hidden_unit_scale(rows, x)
    np.testing.assert_allclose(layer(x, task_ids), expected, atol=ROUNDING)


@pytest.mark.parametrize("scale, factor", [(-100, 0), (100, 2)])
def test_factors_stay_between_0_and_2(scale, factor):
    layer = HiddenUnitScale()
    layer.build((None, None, 1))
    layer.scale.assign([[scale]])
    x = np.array([[[3]]], "float32")
    np.testing.assert_allclose(layer(x), [[[3 * factor]]], atol=ROUNDING)


def test_count_is_one_factor_a_unit_and_task():
    layer = HiddenUnitScale(num_tasks=2)
    layer.build((None, None, 768))
    # Twelve layers of one task are the 9,216 of methods.md 2.4.
    assert layer.count_params() == 2 * 768 == 2 * 9_216 // 12

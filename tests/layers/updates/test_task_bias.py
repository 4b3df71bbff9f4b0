import numpy as np
import pytest

from tf_adapters.layers import TaskBias


@pytest.fixture
def layer():
    layer = TaskBias(2, num_tasks=3)
    layer.build((None, None, 8))
    layer.bias.assign([[1, 2], [3, 4], [5, 6]])
    return layer


def test_by_hand(layer, mixed_batch):
    x, mask, _ = mixed_batch
    task_ids = np.array([2, 0], "int32")
    outputs = layer(x[:2, :3], task_ids=task_ids, padding_mask=mask[:2, :3])
    np.testing.assert_array_equal(outputs, [[[5, 6]] * 3, [[1, 2]] * 3])
    outputs = layer(x, task_ids=np.int32(1))
    np.testing.assert_array_equal(outputs, np.full((4, 5, 2), [3, 4]))


def test_one_task_needs_no_task_ids(mixed_batch):
    layer = TaskBias(2)
    layer.build((None, None, 8))
    layer.bias.assign([[7, 9]])
    expected = np.full((4, 5, 2), [7, 9])
    np.testing.assert_array_equal(layer(mixed_batch[0]), expected)


def test_inputs_are_not_read(layer):
    x = np.full((2, 3, 8), np.nan, "float32")
    outputs = layer(x, task_ids=np.array([0, 1], "int32"))
    np.testing.assert_array_equal(outputs, [[[1, 2]] * 3, [[3, 4]] * 3])


def test_later_tasks_start_at_zero(layer):
    layer.add_tasks(1)
    np.testing.assert_array_equal(layer.bias, [[1, 2], [3, 4], [5, 6], [0, 0]])
    fresh = TaskBias(4, num_tasks=2)
    fresh.build((None, None, 8))
    np.testing.assert_array_equal(fresh.bias, np.zeros((2, 4)))


def test_bias_without_units_is_refused():
    with pytest.raises(ValueError, match="`units` must be.*units=0"):
        TaskBias(0)

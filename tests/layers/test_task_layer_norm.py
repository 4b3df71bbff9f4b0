import keras
import numpy as np
import pytest

from tests.layers.layer_table import HIDDEN
from tests.layers.layer_table import norm
from tests.numpy_bert import layer_norm
from tests.rounding import ROUNDING
from tests.rounding import assert_same_to_rounding
from tf_adapters.layers import TaskLayerNormalization


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(2, 3, HIDDEN).astype("float32")


def test_by_hand():
    # (1, 3) has mean 2 and standard deviation 1, so it becomes (-1, 1).
    # Task 0 keeps gain 1 and offset 0; task 1 has gain (2, 3), offset (10, 20).
    pretrained = keras.layers.LayerNormalization(epsilon=0)
    pretrained.build((None, None, 2))
    layer = TaskLayerNormalization(pretrained, num_tasks=2)
    layer.build((None, None, 2))
    layer.gamma.assign([[1, 1], [2, 3]])
    layer.beta.assign([[0, 0], [10, 20]])
    x = np.array([[[1, 3]], [[1, 3]]], "float32")
    y = layer(x, task_ids=np.array([1, 0], "int32"))
    np.testing.assert_allclose(y, [[[8, 23]], [[-1, 1]]], rtol=1e-6)


def test_output_is_that_of_the_formula(x, scramble):
    layer = TaskLayerNormalization(norm(), num_tasks=3)
    layer.build(HIDDEN)
    scramble(layer.banks.values())
    task_ids = np.array([2, 0, 1, 2, 2, 0], "int32")
    gamma, beta = np.array(layer.gamma), np.array(layer.beta)
    expected = [
        layer_norm(x[i], gamma[task], beta[task])
        for i, task in enumerate(task_ids)
    ]
    np.testing.assert_allclose(
        layer(x, task_ids=task_ids), expected, atol=ROUNDING
    )


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("num_tasks", [1, 3])
def test_every_task_starts_as_the_pretrained_layer(x, num_tasks, dtype):
    pretrained = norm(dtype=dtype)
    layer = TaskLayerNormalization(pretrained, num_tasks, dtype=dtype)
    x = keras.ops.cast(x, layer.compute_dtype)
    for task in range(num_tasks):
        y = layer(x, task_ids=np.int32(task))
        assert_same_to_rounding(y, pretrained(x))


def test_epsilon_is_that_of_the_pretrained_layer():
    # Of (1, 3), with an epsilon of 3: (-1, 1) / sqrt(1 + 3).
    pretrained = keras.layers.LayerNormalization(epsilon=3)
    pretrained.build((None, None, 2))
    y = TaskLayerNormalization(pretrained)(np.array([[[1.0, 3.0]]], "float32"))
    np.testing.assert_allclose(y, [[[-0.5, 0.5]]], rtol=1e-6)


def test_later_tasks_start_from_the_pretrained_layer_too(scramble):
    pretrained = norm()
    layer = TaskLayerNormalization(pretrained, num_tasks=1)
    layer.build(HIDDEN)
    scramble(layer.banks.values())
    layer.add_tasks(1)
    np.testing.assert_array_equal(layer.gamma[1], pretrained.gamma)
    np.testing.assert_array_equal(layer.beta[1], pretrained.beta)
    assert not np.isclose(layer.gamma[0], pretrained.gamma).all()


def test_pretrained_layer_is_copied_and_not_moved():
    pretrained = norm()
    layer = TaskLayerNormalization(pretrained, num_tasks=2)
    layer.build(HIDDEN)
    before = np.array(pretrained.gamma)
    layer.gamma.assign(np.zeros((2, HIDDEN[-1])))
    np.testing.assert_array_equal(pretrained.gamma, before)


def test_count_is_a_gain_and_an_offset_for_each_task():
    layer = TaskLayerNormalization(norm(), num_tasks=3)
    layer.build(HIDDEN)
    banks = sum(np.prod(b.shape) for b in layer.banks.values())
    assert banks == 3 * 2 * HIDDEN[-1]


@pytest.fixture
def offsets():
    """A layer of three tasks that share the pretrained gain."""
    layer = TaskLayerNormalization(norm(), num_tasks=3, only_offsets=True)
    layer.build(HIDDEN)
    return layer


def test_only_offsets_by_hand():
    # (1, 3) becomes (-1, 1), and (-2, 3) with the gain that both tasks share.
    pretrained = keras.layers.LayerNormalization(epsilon=0)
    pretrained.build((None, None, 2))
    pretrained.gamma.assign([2, 3])
    layer = TaskLayerNormalization(pretrained, num_tasks=2, only_offsets=True)
    layer.build((None, None, 2))
    layer.beta.assign([[0, 0], [10, 20]])
    x = np.array([[[1, 3]], [[1, 3]]], "float32")
    y = layer(x, task_ids=np.array([1, 0], "int32"))
    np.testing.assert_allclose(y, [[[8, 23]], [[-2, 3]]], rtol=1e-6)


def test_only_offsets_are_banks_and_trained(offsets):
    assert list(offsets.banks) == ["beta"]
    assert [w.name for w in offsets.trainable_weights] == ["beta"]
    assert offsets.beta.shape == (3, HIDDEN[-1])
    # The gain is that of the pretrained layer and no copy of it.
    assert any(w is offsets.norm.gamma for w in offsets.weights)
    assert len(offsets.weights) == 3
    assert not offsets.norm.gamma.trainable


def test_only_offsets_of_later_tasks_are_the_pretrained_ones(offsets, scramble):
    scramble([offsets.beta])
    offsets.add_tasks(1)
    np.testing.assert_array_equal(offsets.beta[3], offsets.norm.beta)
    assert not np.isclose(offsets.beta[0], offsets.norm.beta).all()
    assert list(offsets.banks) == ["beta"]


def test_only_offsets_follow_the_formula(offsets, x, scramble):
    scramble([offsets.beta])
    task_ids = np.array([2, 0, 1, 2, 2, 0], "int32")
    gamma, beta = np.array(offsets.norm.gamma), np.array(offsets.beta)
    expected = [
        layer_norm(x[i], gamma, beta[task]) for i, task in enumerate(task_ids)
    ]
    outputs = offsets(x, task_ids=task_ids)
    np.testing.assert_allclose(outputs, expected, atol=ROUNDING)

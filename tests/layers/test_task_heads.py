import keras
import numpy as np
import pytest

from tests.rounding import ROUNDING
from tests.rounding import assert_same_to_rounding
from tf_adapters.layers import TaskHeads

MASKED = -1e9


@pytest.fixture
def heads():
    """Two classes, three classes, a regression."""
    heads = TaskHeads([2, 3, 1])
    heads.build((None, 4))
    return heads


def test_by_hand():
    # (1, 2) @ [[1, 10], [2, 20]] + (1, 1) = (6, 51) for the task of two; the
    # regression reads (1, 1): 1 + 2 + 7 = 10, and has no second output.
    heads = TaskHeads([2, 1])
    heads.build((None, 2))
    heads.kernel.assign([[[1, 10], [2, 20]], [[1, 99], [1, 99]]])
    heads.bias.assign([[1, 1], [7, 99]])
    x = np.array([[1, 2], [1, 2]], "float32")
    y = heads(x, task_ids=np.array([0, 1], "int32"))
    np.testing.assert_array_equal(y, [[6, 51], [10, MASKED]])


def test_output_is_that_of_the_formula(heads, scramble):
    scramble(heads.weights)
    x = np.random.default_rng(1).normal(size=(5, 4)).astype("float32")
    task_ids = np.array([0, 2, 1, 1, 0], "int32")
    outputs = np.array(heads(x, task_ids=task_ids))
    kernel, bias = np.array(heads.kernel), np.array(heads.bias)
    for i, task in enumerate(task_ids):
        own = heads.num_outputs[task]
        expected = x[i] @ kernel[task, :, :own] + bias[task, :own]
        np.testing.assert_allclose(outputs[i, :own], expected, atol=ROUNDING)
        np.testing.assert_array_equal(outputs[i, own:], MASKED)


def test_outputs_that_a_task_lacks_are_never_chosen(heads):
    heads.kernel.assign(np.full((3, 4, 3), -100.0))
    y = heads(np.ones((3, 4), "float32"), task_ids=np.arange(3))
    probabilities = np.array(keras.ops.softmax(y))
    np.testing.assert_array_equal(probabilities[0, 2:], 0)
    np.testing.assert_array_equal(probabilities[2, 1:], 0)


def test_mask_says_which_outputs_each_task_has(heads):
    assert heads.output_mask.tolist() == [
        [True, True, False],
        [True, True, True],
        [True, False, False],
    ]


def test_dropout_acts_in_training_only():
    heads = TaskHeads([2], dropout=0.5)
    x = np.ones((64, 32), "float32")
    still = heads(x, training=False)
    np.testing.assert_array_equal(still[0], still[1])
    moved = heads(x, training=True)
    assert not np.allclose(moved[0], moved[1])


def test_heads_stay_in_float32_under_every_policy():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        heads = TaskHeads([2])
        assert heads(np.ones((1, 4), "float32")).dtype == "float32"
    finally:
        keras.config.set_dtype_policy("float32")


def test_kernels_are_drawn_as_the_authors_draw_them():
    # 0.8796 of 0.02 is left after the cut at two standard deviations; 15,360
    # draws estimate it to 1 / sqrt(2 * 15,360) = 0.6 %; 3 % is five of these.
    heads = TaskHeads([5, 5, 5, 5])
    heads.build((None, 768))
    np.testing.assert_allclose(np.std(heads.kernel), 0.8796 * 0.02, rtol=0.03)
    assert np.abs(heads.kernel).max() <= 0.04
    assert not np.any(heads.bias)


def test_count_is_as_wide_as_the_widest_task(heads):
    assert heads.count_params() == 3 * (4 * 3 + 3)


@pytest.mark.parametrize("num_outputs, width", [(1, 3), (3, 3), (5, 5)])
def test_added_task_keeps_the_other_heads(heads, scramble, num_outputs, width):
    scramble(heads.weights)
    x = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    before = np.array(heads(x, task_ids=np.arange(3)))
    kernel, bias = np.array(heads.kernel), np.array(heads.bias)
    heads.add_heads([num_outputs])
    assert heads.num_outputs == (2, 3, 1, num_outputs)
    assert heads.kernel.shape == (4, 4, width)
    assert heads.bias.shape == (4, width)
    np.testing.assert_array_equal(heads.kernel[:3, :, :3], kernel)
    np.testing.assert_array_equal(heads.bias[:3, :3], bias)
    after = np.array(heads(x, task_ids=np.arange(3)))
    assert_same_to_rounding(after[:, :3], before)
    np.testing.assert_array_equal(after[:, 3:], MASKED)


def test_head_that_widens_the_bank_is_drawn_in_every_column(heads):
    heads.add_heads([6])
    kernel = np.array(heads.kernel)
    assert (kernel[3] != 0).all()
    assert len(np.unique(kernel[3])) == kernel[3].size
    assert not np.any(heads.bias[3])
    assert np.abs(kernel[3]).max() <= 0.04


def test_added_task_answers_from_its_own_head(heads):
    heads.add_heads([5])
    kernel = np.zeros((4, 4, 5), "float32")
    kernel[3] = [1, 2, 3, 4, 5]
    heads.kernel.assign(kernel)
    y = heads(np.ones((1, 4), "float32"), task_ids=np.array([3], "int32"))
    np.testing.assert_array_equal(y, [[4, 8, 12, 16, 20]])


def test_widened_bank_leaves_no_weight_behind(heads):
    heads.add_heads([6])
    weights = [w for w in heads.weights if "seed" not in w.path]
    assert [id(w) for w in weights] == [id(heads.kernel), id(heads.bias)]


def test_tasks_may_be_added_before_building():
    heads = TaskHeads([2])
    heads.add_heads([3])
    heads.build((None, 4))
    assert heads.kernel.shape == (2, 4, 3)


def test_config_has_the_tasks_of_now(heads):
    heads.add_heads([5])
    revived = TaskHeads.from_config(heads.get_config())
    assert revived.num_outputs == (2, 3, 1, 5)
    assert revived.num_tasks == 4


def test_there_must_be_a_task():
    with pytest.raises(ValueError, match="`num_tasks` must be at least 1"):
        TaskHeads([])

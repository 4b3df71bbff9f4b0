import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_adapters.layers import bank

BANK = np.arange(12, dtype="float32").reshape(3, 2, 2)


def test_scalar_task_id_slices_the_bank():
    np.testing.assert_array_equal(bank.select(BANK, 2), [[8, 9], [10, 11]])


def test_each_example_gets_the_row_of_its_task():
    rows = bank.select(BANK, np.array([2, 0, 2], "int32"))
    np.testing.assert_array_equal(rows, BANK[[2, 0, 2]])


@pytest.mark.parametrize("task_ids", [None, 0, np.zeros(5, "int32")])
def test_bank_of_one_task_is_not_gathered(task_ids):
    assert bank.select(BANK[:1], task_ids).shape == (2, 2)


def test_missing_task_ids_are_asked_for():
    with pytest.raises(ValueError, match="`task_ids` must be given.*3 tasks"):
        bank.select(BANK, None)


def test_one_kernel_projects_every_token():
    # (1, 2) @ [[1, 0], [3, 4]] = (7, 8), then the bias (10, 20).
    x = np.array([[[1, 2], [0, 1]]], "float32")
    kernel = np.array([[1, 0], [3, 4]], "float32")
    y = bank.project(x, kernel, np.array([10, 20], "float32"))
    np.testing.assert_array_equal(y, [[[17, 28], [13, 24]]])


def test_one_kernel_an_example_is_applied_to_that_example():
    x = np.ones((2, 3, 2), "float32")
    kernels = np.array([[[1], [1]], [[5], [5]]], "float32")
    y = bank.project(x, kernels, np.array([[0], [1]], "float32"))
    np.testing.assert_array_equal(y[..., 0], [[2, 2, 2], [11, 11, 11]])


def test_bias_may_be_left_out():
    x = np.ones((2, 3, 2), "float32")
    y = bank.project(x, np.eye(2, dtype="float32"))
    np.testing.assert_array_equal(y, x)


def test_vector_an_example_is_spread_over_its_tokens():
    assert bank.over_tokens(np.zeros((5, 4))).shape == (5, 1, 4)
    assert bank.over_tokens(np.zeros(4)).shape == (4,)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop", "lion"])
def test_an_optimizer_sees_the_sum_of_the_examples_of_a_task(optimizer):
    # The rows of examples 0 and 1 are both row 0 of the bank, and nearly
    # cancel in its second column: 3 - 3.5. Their sum is the gradient of the
    # row. The squares of a step must be those of the sum, not 9 + 12.25.
    pulls = np.array([[1.0, 3.0], [2.0, -3.5], [1.0, 1.0]], "float32")
    summed = np.array([[3.0, -0.5], [1.0, 1.0], [0.0, 0.0]], "float32")
    stepped = []
    for indexed in (True, False):
        weight = keras.Variable(np.ones((3, 2), "float32"))
        with tf.GradientTape() as tape:
            if indexed:
                rows = bank.select(weight, tf.constant([0, 0, 1]))
                loss = tf.reduce_sum(rows * pulls)
            else:
                loss = tf.reduce_sum(weight.value * summed)
        gradient = tape.gradient(loss, weight.value)
        np.testing.assert_allclose(gradient, summed)
        assert not isinstance(gradient, tf.IndexedSlices)
        keras.optimizers.get(optimizer).apply([gradient], [weight])
        stepped.append(np.array(weight))
    np.testing.assert_allclose(*stepped, atol=1e-7)

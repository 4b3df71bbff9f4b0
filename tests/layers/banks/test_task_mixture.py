import keras
import numpy as np
import pytest

from tests.layers.layer_table import HIDDEN
from tests.layers.layer_table import LAYERS
from tests.layers.layer_table import NUM_TASKS
from tf_adapters.layers import BottleneckAdapter
from tf_adapters.layers import LayeredMixture
from tf_adapters.layers import TaskMixture


@pytest.fixture
def adapter():
    """One unit, one hidden dimension: task t multiplies by 1, 2, 5."""
    adapter = BottleneckAdapter(1, num_tasks=3, activation="linear")
    adapter.build((None, None, 1))
    adapter.down.assign(np.ones((3, 1, 1)))
    adapter.up.assign(np.array([0, 1, 4]).reshape(3, 1, 1))
    return adapter


def test_by_hand(adapter):
    # Tasks 1 and 2 return 2 x and 5 x. The first example takes a quarter of
    # the former, (1/4) 2 x + (3/4) 5 x = 4.25 x; the second three quarters,
    # 2.75 x; the third task 2 alone.
    weights = keras.ops.array([[0.25, 0.75], [0.75, 0.25], [0, 1]])
    x = np.array([[[1], [2]], [[4], [8]], [[1], [-1]]], "float32")
    outputs = adapter(x, task_ids=TaskMixture((1, 2), weights))
    expected = [[4.25, 8.5], [11, 22], [5, -5]]
    np.testing.assert_array_equal(outputs[..., 0], expected)


def test_it_is_outputs_that_are_mixed_and_not_weights():
    # Tasks with up = down = 1 and -1 both return x + x, so their mean is 2 x.
    # The mean of their weights is 0, which would return x.
    adapter = BottleneckAdapter(1, num_tasks=2, activation="linear")
    adapter.build((None, None, 1))
    for kernel in (adapter.down, adapter.up):
        kernel.assign(np.array([1, -1]).reshape(2, 1, 1))
    half = keras.ops.array([[0.5, 0.5]])
    x = np.array([[[3]]], "float32")
    assert adapter(x, task_ids=TaskMixture((0, 1), half)) == 6


def test_layered_mixture_has_weights_for_each_place(adapter):
    weights = np.array([[[1, 0], [0, 1], [0.5, 0.5]]], "float32")
    mixture = LayeredMixture([0, 1], keras.ops.array(weights))
    x = np.ones((1, 1, 1), "float32")
    found = [
        adapter(x, task_ids=mixture.at(place)).numpy().item()
        for place in (0, 1, 2, -1)
    ]
    assert found == [1, 2, 1.5, 1.5]


@pytest.mark.parametrize("row", LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_every_layer_is_mixed(row, dtype, scramble):
    layer = row.make(dtype=dtype)
    layer.build(row.input_shape)
    scramble(layer.weights)
    random = np.random.default_rng(0)
    x = random.normal(size=row.input_shape).astype("float32")
    weights = random.dirichlet(np.ones(2), HIDDEN[0]).astype("float32")
    mixture = TaskMixture((NUM_TASKS - 1, 0), keras.ops.array(weights))
    outputs = layer(x, task_ids=mixture)
    expected = 0
    for task, weight in zip(mixture.tasks, weights.T, strict=True):
        ids = np.full(HIDDEN[0], task, "int32")
        alone = keras.ops.cast(layer(x, task_ids=ids), "float64").numpy()
        weight = weight.reshape(-1, *[1] * (alone.ndim - 1))
        expected = expected + weight * alone
    assert outputs.dtype == layer(x, task_ids=ids).dtype
    # bfloat16 has 8 bits.
    tolerance = {"float32": 1e-5, "mixed_bfloat16": 2**-7}[dtype]
    np.testing.assert_allclose(
        keras.ops.cast(outputs, "float64"),
        expected,
        rtol=tolerance,
        atol=tolerance * np.abs(expected).max(),
    )


def test_one_task_is_that_task_in_bfloat16_too(scramble):
    adapter = BottleneckAdapter(3, num_tasks=2, dtype="mixed_bfloat16")
    adapter.build((None, None, 8))
    scramble(adapter.weights)
    x = np.random.default_rng(0).normal(size=(2, 5, 8)).astype("float32")
    mixture = TaskMixture((1,), keras.ops.ones((2, 1)))
    np.testing.assert_array_equal(
        keras.ops.cast(adapter(x, task_ids=mixture), "float32"),
        keras.ops.cast(adapter(x, task_ids=np.int32(1)), "float32"),
    )


def test_tasks_that_agree_are_any_of_them_in_bfloat16_too(scramble):
    # Added up in bfloat16, where a third is 0.33398, they would be 0.2 % more.
    adapter = BottleneckAdapter(3, num_tasks=3, dtype="mixed_bfloat16")
    adapter.build((None, None, 8))
    scramble(adapter.weights)
    for bank in adapter.banks.values():
        bank.assign(np.array(bank)[[0, 0, 0]])
    x = np.random.default_rng(0).normal(size=(2, 5, 8)).astype("float32")
    mixture = TaskMixture((0, 1, 2), keras.ops.ones((2, 3)) / 3)
    np.testing.assert_array_equal(
        keras.ops.cast(adapter(x, task_ids=mixture), "float32"),
        keras.ops.cast(adapter(x, task_ids=np.int32(0)), "float32"),
    )

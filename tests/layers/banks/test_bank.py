import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.rounding import ROUNDING
from tf_adapters.layers.banks import bank

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
    np.testing.assert_allclose(*stepped, atol=ROUNDING)


def affine(weights, inputs, *others):
    """Projects, so that every example, token and unit counts."""
    outputs = bank.project(inputs, weights["kernel"], weights["bias"])
    for other in others:
        if other is not None:
            outputs = outputs * bank.over_tokens(other)
    return outputs


@pytest.fixture
def affine_banks():
    rng = np.random.default_rng(0)
    return {
        "kernel": tf.Variable(rng.normal(size=(3, 4, 2)).astype("float32")),
        "bias": tf.Variable(rng.normal(size=(3, 2)).astype("float32")),
    }


MIXTURES = {
    "mixed": [2, 0, 1, 0, 2],
    "sorted": [0, 0, 1, 2, 2],
    "two_absent": [1, 1, 1, 1, 1],
    "one_absent": [2, 0, 0, 2, 0],
    "scalar": 2,
}


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("mixture", MIXTURES)
def test_each_example_is_computed_with_the_weights_of_its_task(
    affine_banks, mixture
):
    # By hand, one example at a time; `others` may hold nothing.
    task_ids = np.array(MIXTURES[mixture], "int32")
    rng = np.random.default_rng(1)
    x = rng.normal(size=(5, 3, 4)).astype("float32")
    scale = rng.normal(size=(5, 2)).astype("float32")
    kernel, bias = (np.array(b)[task_ids] for b in affine_banks.values())
    kernel = np.broadcast_to(kernel, (5, 4, 2))
    bias = np.broadcast_to(bias, (5, 2))
    for others, factor in (([], 1), ([None, scale, None], scale[:, None])):
        expected = (np.matmul(x, kernel) + bias[:, None]) * factor
        outputs = bank.apply(affine, affine_banks, task_ids, x, *others)
        np.testing.assert_allclose(outputs, expected, atol=ROUNDING)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("task_ids", [None, 0, [0, 0]])
def test_one_task_needs_no_gathering(affine_banks, task_ids):
    given = []

    def record(weights, inputs):
        given.append((len(weights["kernel"].shape), inputs))
        return affine(weights, inputs)

    banks = {name: rows[:1] for name, rows in affine_banks.items()}
    task_ids = task_ids if task_ids is None else np.array(task_ids, "int32")
    x = np.ones((2, 3, 4), "float32")
    outputs = bank.apply(record, banks, task_ids, x)
    expected = np.array(banks["kernel"])[0].sum(axis=0)
    expected = expected + np.array(banks["bias"])[0]
    np.testing.assert_allclose(outputs, [[expected] * 3] * 2, atol=ROUNDING)
    ((rank, inputs),) = given
    assert rank == 2 and inputs is x


@pytest.mark.usefixtures("either_way")
def test_several_tasks_ask_for_ids(affine_banks):
    x = np.ones((2, 3, 4), "float32")
    with pytest.raises(ValueError, match="`task_ids` must be given.*3 tasks"):
        bank.apply(affine, affine_banks, None, x)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("mixture", MIXTURES)
def test_gradients_are_those_of_the_formula_and_dense(affine_banks, mixture):
    # d loss / d kernel[t] is the sum over the examples of t of x^T upstream,
    # and zero for a task that is absent.
    task_ids = np.array(MIXTURES[mixture], "int32")
    rng = np.random.default_rng(1)
    x = tf.constant(rng.normal(size=(5, 3, 4)), "float32")
    upstream = rng.normal(size=(5, 3, 2)).astype("float32")
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = bank.apply(affine, affine_banks, task_ids, x)
        loss = tf.reduce_sum(outputs * upstream)
    sources = [x, *affine_banks.values()]
    inputs_gradient, *gradients = tape.gradient(loss, sources)
    each = np.broadcast_to(task_ids, 5)
    kernels = np.array(affine_banks["kernel"])[each]
    np.testing.assert_allclose(
        tf.convert_to_tensor(inputs_gradient),
        np.matmul(upstream, kernels.swapaxes(1, 2)),
        atol=ROUNDING,
    )
    own = [each == task for task in range(3)]
    expected = [
        [np.einsum("bti,bto->io", x.numpy()[e], upstream[e]) for e in own],
        [upstream[e].sum(axis=(0, 1)) for e in own],
    ]
    for gradient, values in zip(gradients, expected, strict=True):
        assert not isinstance(gradient, tf.IndexedSlices)
        np.testing.assert_allclose(gradient, values, atol=1e-4)


@pytest.mark.parametrize("width, rank", [(50_000, 3), (50_001, 2)])
def test_only_large_weights_take_a_batch_apart(width, rank):
    # 2 * 50,000 weights of one task are gathered, and not one more.
    ranks, sizes = [], []

    def record(weights, inputs):
        ranks.append(len(weights["kernel"].shape))
        sizes.append(len(inputs))
        return inputs

    banks = {"kernel": np.zeros((3, 2, width - 1), "float32")}
    banks["bias"] = np.zeros((3, 2), "float32")
    x = np.arange(4.0).reshape(4, 1, 1)
    task_ids = np.array([2, 0, 2, 0], "int32")
    outputs = bank.apply(record, banks, task_ids, x)
    np.testing.assert_array_equal(outputs, x)
    assert set(ranks) == {rank}
    assert sizes == ([4] if rank == 3 else [2, 0, 2])
    ranks.clear()
    bank.apply(record, banks, np.int32(2), x)
    assert ranks == [2]


def test_an_id_out_of_range_does_not_move_the_other_examples(monkeypatch):
    monkeypatch.setattr(bank, "_GATHERED", 0)
    scale = {"scale": np.array([[1.0], [10.0]], "float32")}
    x = np.array([[1], [2], [3]], "float32")
    found = bank.apply(
        lambda weights, x: weights["scale"] * x, scale, np.array([1, -1, 0]), x
    )
    np.testing.assert_array_equal(found[::2], [[10], [3]])


@pytest.mark.large
@pytest.mark.usefixtures("either_way")
def test_under_xla_others_can_use_what_was_put_together_again(affine_banks):
    # Task ids of a known number, but of each task a number of rows that XLA
    # knows no more than a bound of.
    task_ids = tf.constant(MIXTURES["mixed"])
    rng = np.random.default_rng(1)
    x = rng.normal(size=(5, 3, 4)).astype("float32")
    each = rng.normal(size=(5, 2, 2)).astype("float32")

    @tf.function(jit_compile=True)
    def compute(x, task_ids):
        outputs = bank.apply(affine, affine_banks, task_ids, x)
        assert outputs.shape == (5, 3, 2)
        return bank.project(outputs, each)

    kernel, bias = (np.array(b)[task_ids] for b in affine_banks.values())
    expected = (np.matmul(x, kernel) + bias[:, None]) @ each
    np.testing.assert_allclose(compute(x, task_ids), expected, atol=ROUNDING)


def test_by_task_takes_nests_apart_and_puts_nests_together():
    # Example i is worth 10 ** i; a task returns its sum and its own rows.
    seen = {}

    def compute(task, rows):
        seen[task] = rows["ids"].numpy().tolist()
        assert rows["nothing"] is None
        total = rows["worth"] * 0 + tf.reduce_sum(rows["worth"])
        return {"total": total, "rows": [rows["worth"]]}

    worth = tf.constant([1.0, 10.0, 100.0, 1000.0])
    task_ids = tf.constant([2, 0, 2, 2])
    inputs = {"worth": worth, "ids": task_ids, "nothing": None}
    found = bank.by_task(compute, 4, task_ids, inputs)
    assert seen == {0: [0], 1: [], 2: [2, 2, 2], 3: []}
    np.testing.assert_array_equal(found["total"], [1101, 10, 1101, 1101])
    np.testing.assert_array_equal(found["rows"][0], worth)

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.rounding import ROUNDING
from tf_adapters.methods import Houlsby
from tf_adapters.methods import LayerNormOnly
from tf_adapters.model import absent_tasks

OPTIMIZERS = {
    "adamw": lambda: keras.optimizers.AdamW(0.01, weight_decay=0.1),
    "amsgrad": lambda: keras.optimizers.Adam(0.01, amsgrad=True),
    "momentum": lambda: keras.optimizers.SGD(0.01, momentum=0.9),
    "rmsprop": lambda: keras.optimizers.RMSprop(0.01, momentum=0.9),
    "lion": lambda: keras.optimizers.Lion(0.01, weight_decay=0.1),
    "ema": lambda: keras.optimizers.Adam(0.01, use_ema=True),
    "scaled": lambda: keras.optimizers.LossScaleOptimizer(
        keras.optimizers.Adam(0.01)
    ),
}


@pytest.fixture
def task_batch(toy):
    """Cuts out of the toy a batch of one task."""

    def task_batch(task, count=8, seed=0):
        x, y = toy(3 * count, seed=seed)
        own = x["task_ids"] == task
        x = {k: v[own] for k, v in x.items()}
        return x, y[own], np.ones(count, "float32")

    return task_batch


def rows_of(model):
    """Every private weight and its optimizer state, one array each."""
    banks = [b for b in model.banks().values() if b.trainable]
    rows = absent_tasks.rows_by_task(banks, model.optimizer)
    return [np.array(row) for row in rows]


def shared_count(model):
    return len([b for b in model.banks().values() if b.trainable])


QUICK = "momentum"
MARKS = {True: (), False: pytest.mark.large}


@pytest.mark.large
@pytest.mark.parametrize(
    "name", [pytest.param(k, marks=MARKS[k == QUICK]) for k in OPTIMIZERS]
)
def test_rows_and_state_of_absent_tasks_are_bit_identical(
    small_model, task_batch, name
):
    model = small_model(Houlsby(4))
    model.compile(OPTIMIZERS[name](), jit_compile=False)
    # All three have a step first, so that there is momentum to move them.
    for task in range(3):
        model.train_on_batch(*task_batch(task))
    before = rows_of(model)
    # Each bank has at least one slot of optimizer state.
    assert len(before) >= 2 * shared_count(model)
    for seed in (1, 2):
        model.train_on_batch(*task_batch(1, seed=seed))
    changed = 0
    for old, new in zip(before, rows_of(model), strict=True):
        np.testing.assert_array_equal(old[[0, 2]], new[[0, 2]])
        changed += (old[1] != new[1]).any()
    assert changed == len(before)


@pytest.mark.large
@pytest.mark.parametrize("weighted", [True, False])
def test_one_id_for_a_batch_trains_as_an_id_for_each_example(
    small_model, task_batch, weighted
):
    x, y, weights = task_batch(1)
    trained, logs = [], []
    for ids in (x["task_ids"], np.int32(1)):
        keras.utils.set_random_seed(0)
        model = small_model(Houlsby(4))
        model.compile(OPTIMIZERS[QUICK](), jit_compile=False)
        batch = ({**x, "task_ids": ids}, y, weights)[: 2 + weighted]
        data = tf.data.Dataset.from_tensors(batch).repeat(2)
        logs.append(model.fit(data, shuffle=False, verbose=0).history)
        trained.append(rows_of(model))
    assert logs[0].keys() == logs[1].keys()
    for key, losses in logs[0].items():
        assert losses == pytest.approx(logs[1][key], rel=1e-5)
    for each, one in zip(*trained, strict=True):
        np.testing.assert_array_equal(each[[0, 2]], one[[0, 2]])
        np.testing.assert_allclose(each, one, atol=ROUNDING)


def test_a_row_of_weight_zero_does_not_make_its_task_present():
    present = absent_tasks.present_tasks(
        tf.constant([0, 1, 1, 3]), tf.constant([1.0, 0, 0.5, 0]), 5
    )
    assert present.numpy().tolist() == [True, True, False, False, False]
    present = absent_tasks.present_tasks(tf.constant([2, 2]), None, 3)
    assert present.numpy().tolist() == [False, False, True]


def test_put_back_by_hand():
    variable = tf.Variable([[1.0, 2], [3, 4], [5, 6]])
    before = tf.zeros((3, 2))
    present = tf.constant([False, True, False])
    absent_tasks.put_back([variable], [before], present)
    assert variable.numpy().tolist() == [[0, 0], [3, 4], [0, 0]]


@pytest.mark.large
def test_tasks_trained_by_turns_get_the_weights_that_they_get_alone(
    small_model, task_batch
):
    # SGD shares no step counter between the tasks, so that the steps of the
    # others leave no trace.
    def train(order):
        keras.utils.set_random_seed(0)
        model = small_model(Houlsby(4))
        optimizer = keras.optimizers.SGD(
            0.05, momentum=0.9, nesterov=True, weight_decay=0.01
        )
        model.compile(optimizer, jit_compile=False)
        for seed, task in order:
            model.train_on_batch(*task_batch(task, seed=seed))
        return {k: np.array(v) for k, v in model.banks().items()}

    turns = [(0, 1), (0, 0), (1, 1), (0, 2), (1, 2), (2, 1), (1, 0), (2, 0)]
    together = train(turns)
    for task in range(3):
        alone = train([turn for turn in turns if turn[1] == task])
        for name, bank in together.items():
            np.testing.assert_allclose(
                bank[task], alone[name][task], atol=ROUNDING, err_msg=name
            )


@pytest.mark.large
def test_a_task_of_three_is_trained_as_the_only_one_is(small_model, toy):
    # Adam shows whether the gradients of a row are summed before they are
    # squared: a bank of one row has no gather.
    x, y = toy(8, num_tasks=1)

    def train(num_tasks):
        keras.utils.set_random_seed(0)
        model = small_model(Houlsby(4), num_tasks)
        for bank in model.banks().values():
            # One start for all, of a shape that does not hang on the widest.
            start = np.sin(np.arange(bank.shape[1]))
            if len(bank.shape) == 3:
                start = np.repeat(start[:, None], bank.shape[2], axis=1)
            bank.assign(np.stack([start] * num_tasks))
        optimizer = keras.optimizers.Adam(0.01, epsilon=1e-4)
        model.compile(optimizer, jit_compile=False)
        for _ in range(3):
            model.train_on_batch(x, y)
        return {k: np.array(v[0]) for k, v in model.banks().items()}

    alone, together = train(1), train(3)
    for name, bank in alone.items():
        # The heads of three tasks are as wide as the widest.
        wide = together[name][tuple(map(slice, bank.shape))]
        np.testing.assert_allclose(wide, bank, atol=ROUNDING, err_msg=name)


@pytest.mark.large
def test_absent_tasks_stay_on_two_replicas(make_backbone, task_batch, two_cpus):
    from tf_adapters import MultiTaskClassifier
    from tf_adapters import Task

    tasks = [
        Task(name=name, text_columns=("text",), labels=("a", "b", "c"))
        for name in ("first", "second", "third")
    ]
    with two_cpus.scope():
        model = MultiTaskClassifier(
            make_backbone(num_layers=1), Houlsby(4), tasks
        )
        optimizer = keras.optimizers.AdamW(0.01, weight_decay=0.1)
        model.compile(optimizer, jit_compile=False)

    def fit(*numbers):
        # The first replica gets the first task of a pair, the second the
        # other: each sees a task that the other does not.
        for pair in numbers:
            parts = [task_batch(task, count=4) for task in pair]
            batch = tf.nest.map_structure(lambda *a: np.concatenate(a), *parts)
            dataset = tf.data.Dataset.from_tensors(batch)
            model.fit(dataset, shuffle=False, verbose=0)

    fit((0, 1), (2, 0))
    before = rows_of(model)
    fit((0, 1))
    for old, new in zip(before, rows_of(model), strict=True):
        np.testing.assert_array_equal(old[2], new[2])
        assert (old[0] != new[0]).any()
        assert (old[1] != new[1]).any()


def accumulating(wrapped):
    adam = keras.optimizers.Adam(gradient_accumulation_steps=4)
    return keras.optimizers.LossScaleOptimizer(adam) if wrapped else adam


@pytest.mark.parametrize("wrapped", [False, True])
def test_accumulating_gradients_is_refused(small_model, wrapped):
    model = small_model(LayerNormOnly())
    message = "cannot be combined with several tasks.*accumulation_steps=4"
    with pytest.raises(ValueError, match=message):
        model.compile(accumulating(wrapped))


def test_one_task_may_accumulate_gradients(small_model):
    model = small_model(LayerNormOnly(), num_tasks=1)
    model.compile(accumulating(False))
    assert model.optimizer.gradient_accumulation_steps == 4

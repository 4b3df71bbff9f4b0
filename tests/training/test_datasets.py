import keras
import numpy as np
import pytest
import tensorflow as tf

import tf_adapters
from tf_adapters.data.examples import Examples
from tf_adapters.training.callbacks import DrawnShares
from tf_adapters.training.datasets import check_executions
from tf_adapters.training.datasets import unseen_labels

COUNTS = {"two": 40, "three": 12}


@pytest.fixture
def model(make_model, tokenizer):
    return make_model(
        tf_adapters.Houlsby(4), num_tasks=2, dropout=0.0, tokenizer=tokenizer
    )


@pytest.fixture
def make_set(model):
    """Plans two epochs of single-task batches at annealed rates."""

    def make_set(**kwargs):
        random = np.random.default_rng(0)
        words = np.array(["good", "bad", "fine", "film", "so"])
        examples = {
            name: Examples(
                task=model.tasks[model.task_id(name)],
                texts=([" ".join(random.choice(words, 4)) for _ in range(n)],),
                labels=np.arange(n, dtype="float32") % 2,
            )
            for name, n in COUNTS.items()
        }
        config = tf_adapters.TrainConfig(
            **{
                "batch_size": 4,
                "num_epochs": 2,
                "steps_per_epoch": 6,
                "rate": "annealed",
                "batching": "one_task",
                **kwargs,
            }
        )
        return tf_adapters.training_set(model, examples, config)

    return make_set


def rows(dataset, count):
    return [
        (np.array(x["token_ids"]), np.array(x["task_ids"]), np.array(y))
        for x, y, _ in dataset.take(count)
    ]


def test_shares_of_an_epoch_are_those_of_its_batches(make_set):
    training = make_set()
    drawn = [ids for _, ids, _ in rows(training.dataset, 12)]
    for epoch in (0, 1):
        ids = np.concatenate(drawn[6 * epoch : 6 * epoch + 6])
        assert training.drawn_in(epoch) == {
            "two": np.mean(ids == 0),
            "three": np.mean(ids == 1),
        }
    overall = training.drawn
    for name in COUNTS:
        halves = [training.drawn_in(epoch)[name] for epoch in (0, 1)]
        assert overall[name] == pytest.approx(np.mean(halves))
    assert sum(overall.values()) == pytest.approx(1)


@pytest.mark.large
def test_a_resumed_run_sees_what_it_would_have_seen(make_set):
    whole = rows(make_set().dataset, 12)
    left = rows(make_set().dataset_from(1), 99)
    assert len(left) == 6
    for expected, found in zip(whole[6:], left, strict=True):
        for a, b in zip(expected, found, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.large
def test_a_resumed_run_ends_where_the_whole_run_ends(model, make_set):
    training = make_set()
    weights = model.trainable_variables
    start = [np.array(w) for w in weights]

    def fit(dataset, epochs, initial_epoch=0):
        keras.utils.set_random_seed(0)
        model.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
        model.fit(
            dataset,
            epochs=epochs,
            initial_epoch=initial_epoch,
            steps_per_epoch=6,
            shuffle=False,
            verbose=0,
        )
        return [np.array(w) for w in weights]

    whole = fit(training.dataset, 2)
    for weight, value in zip(weights, start, strict=True):
        weight.assign(value)
    fit(training.dataset, 1)
    resumed = fit(training.dataset_from(1), 2, initial_epoch=1)
    for a, b in zip(whole, resumed, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.large
def test_shares_are_put_into_the_logs_of_an_epoch(make_set):
    training = make_set()
    logs = {"loss": 1.0}
    DrawnShares(training).on_epoch_end(1, logs)
    shares = {f"drawn_{k}": v for k, v in training.drawn_in(1).items()}
    assert logs == {"loss": 1.0, **shares}
    # Annealing ends nearer to equal shares than it starts: 40 to 12 against
    # 40 ** 0.2 to 12 ** 0.2.
    many = make_set(steps_per_epoch=2000, batch_size=1)
    first, last = (many.drawn_in(epoch)["three"] for epoch in (0, 1))
    assert first == pytest.approx(12 / 52, abs=0.05)
    assert last == pytest.approx(12**0.2 / (12**0.2 + 40**0.2), abs=0.06)


def test_labels_that_no_example_has_are_named():
    task = tf_adapters.Task(name="t", text_columns=("x",), labels=("a", "b"))
    assert unseen_labels(Examples(task, (["one"],), ["b"])) == ["a"]
    value = tf_adapters.Task(name="v", text_columns=("x",), value_range=(0, 1))
    assert unseen_labels(Examples(value, (["one"],), [0.5])) == []


def test_steps_at_once_must_divide_an_epoch():
    check_executions(4, 12)
    with pytest.raises(ValueError, match="=5 for 12 steps.*per_epoch=15"):
        check_executions(5, 12)


def test_several_replicas_take_one_step_at_a_time():
    check_executions(1, 12, replicas=2)
    with pytest.raises(ValueError, match="=4 for 2 replicas. Leave it out"):
        check_executions(4, 12, replicas=2)


def test_a_tpu_gets_batches_of_one_width(make_set, model, monkeypatch):
    strategy = tf.distribute.TPUStrategy.__new__(tf.distribute.TPUStrategy)
    monkeypatch.setattr(
        type(model), "distribute_strategy", property(lambda _: strategy)
    )
    inputs, _, _ = make_set(sequence_length=32).dataset.element_spec
    assert inputs["token_ids"].shape == (4, 32)

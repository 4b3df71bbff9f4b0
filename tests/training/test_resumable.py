"""I11: killed and gone on with, a run ends in the weights of a whole one."""

import shutil

import numpy as np
import pytest
import tensorflow as tf

import tf_adapters
from tf_adapters.data.examples import Examples
from tf_adapters.evaluation.predictor import Predictor
from tf_adapters.methods import Houlsby
from tf_adapters.methods import PALs
from tf_adapters.training import callbacks
from tf_adapters.training.agreement import Agreement
from tf_adapters.training.checkpoints import StopTraining
from tf_adapters.training.checkpoints import last_state
from tf_adapters.training.optimizer import make_optimizer
from tf_adapters.training.resumable import Checkpoints
from tf_adapters.training.resumable import fit_from

# 40 and 24 examples in batches of 8, three epochs: 24 steps.
COUNTS = {"two": 40, "three": 24}
EPOCHS = 3


class Killed(BaseException):
    """Nothing catches it, as nothing catches SIGKILL."""


@pytest.fixture
def process(make_model, tokenizer, tmp_path):
    """What a process does from its start: builds, goes on, and may die."""

    def process(
        method, kill_at=None, stop_at=None, learning_rate=1e-2, executed=1
    ):
        import keras

        keras.utils.set_random_seed(1)
        model = make_model(
            method, num_tasks=2, dropout=0.1, tokenizer=tokenizer
        )
        config = tf_adapters.TrainConfig(
            batch_size=8,
            num_epochs=EPOCHS,
            sequence_length=16,
            learning_rate=learning_rate,
        )
        training = tf_adapters.training_set(model, examples(model), config)
        steps = training.steps_per_epoch
        model.compile(
            make_optimizer(config, steps * EPOCHS), steps_per_execution=executed
        )
        best = callbacks.BestEpoch()
        agreement = Agreement(tf.distribute.get_strategy())
        own = Checkpoints(tmp_path, 3, steps, best, training.digest, agreement)
        state = last_state(tmp_path)
        if state is not None:
            model.optimizer.build(model.trainable_variables)
            own.set_model(model)
            own.restore(state)

        class Killer(keras.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                if kill_at is not None and own.step == kill_at:
                    raise Killed
                if own.step == stop_at:
                    own.stop_requested = True

        scores = callbacks.DevScores(Predictor(model, 16), examples(model))
        fit_from(
            model,
            training,
            own.step,
            EPOCHS,
            verbose=0,
            callbacks=[Killer(), scores, best, own],
        )
        return own, model

    return process


def examples(model):
    random = np.random.default_rng(0)
    words = np.array(["good", "bad", "fine", "film", "so"])
    return {
        name: Examples(
            task=model.tasks[model.task_id(name)],
            texts=([" ".join(random.choice(words, 4)) for _ in range(count)],),
            labels=np.arange(count, dtype="float32") % 2,
        )
        for name, count in COUNTS.items()
    }


def weights(model):
    return [np.array(v) for v in model.trainable_variables]


@pytest.mark.large
@pytest.mark.parametrize(
    "method, steps",
    [
        # Before the first checkpoint, within an epoch, at its end, in the last.
        (Houlsby(4), (1, 7, 8, 13, 23)),
        # BERT is in the checkpoint as well.
        (PALs(6, num_heads=3), (7, 13)),
    ],
    ids=["Houlsby", "PALs"],
)
def test_killed_at_any_step_it_ends_in_the_same_weights(
    process, tmp_path, method, steps
):
    whole, model = process(method)
    expected = weights(model)
    shutil.rmtree(tmp_path)
    for step in steps:
        with pytest.raises(Killed):
            process(method, kill_at=step)
    again, model = process(method)
    for value, other in zip(weights(model), expected, strict=True):
        np.testing.assert_array_equal(value, other)
    assert again.history == whole.history
    assert again.best.epoch == whole.best.epoch
    for value, other in zip(
        again.best.weights, whole.best.weights, strict=True
    ):
        np.testing.assert_array_equal(value, other)


@pytest.mark.large
def test_several_steps_at_once_are_counted_as_several(process, tmp_path):
    _, one_by_one = process(Houlsby(4))
    expected = weights(one_by_one)
    shutil.rmtree(tmp_path)
    # Within the second epoch, before its end, and in the third.
    for step in (12, 20):
        with pytest.raises(Killed):
            process(Houlsby(4), kill_at=step, executed=4)
        # Every third step is due, and every fourth can be.
        assert last_state(tmp_path).step == step
    own, model = process(Houlsby(4), executed=4)
    assert own.step == 24
    assert len(own.history) == EPOCHS
    for value, other in zip(weights(model), expected, strict=True):
        np.testing.assert_allclose(value, other, atol=1e-5)


@pytest.mark.large
def test_asked_to_stop_it_leaves_a_checkpoint_of_that_step(process, tmp_path):
    with pytest.raises(StopTraining):
        process(Houlsby(4), stop_at=4)
    assert last_state(tmp_path).step == 5
    own, _ = process(Houlsby(4))
    assert own.step == 24
    assert len(own.history) == EPOCHS
    # A run that was only to be scored and written trains no more.
    again, _ = process(Houlsby(4))
    assert again.history == own.history


@pytest.mark.large
def test_a_state_that_is_no_number_is_not_kept(process, tmp_path):
    with pytest.raises(StopTraining):
        process(Houlsby(4), stop_at=4)
    own, model = process(Houlsby(4), learning_rate=1e30)
    assert not all(np.isfinite(w).all() for w in weights(model))
    assert not np.isfinite(own.history[-1]["loss"])
    kept = last_state(tmp_path)
    assert kept.step < own.step
    assert all(np.isfinite(array).all() for array in kept.arrays.values())


@pytest.mark.large
def test_another_model_or_other_data_are_refused(process, tmp_path):
    with pytest.raises(StopTraining):
        process(Houlsby(4), stop_at=1)
    with pytest.raises(ValueError, match="must be of the model that is"):
        process(Houlsby(5))
    COUNTS["three"] = 23
    try:
        with pytest.raises(ValueError, match="with the data that it has begun"):
            process(Houlsby(4))
    finally:
        COUNTS["three"] = 24

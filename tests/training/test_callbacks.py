import numpy as np
import pytest

from tf_adapters.data.examples import Examples
from tf_adapters.evaluation.predictor import Predictor
from tf_adapters.methods import LayerNormOnly
from tf_adapters.training import callbacks


class Scores:
    """Stands in for a `Predictor`."""

    def score(self, examples):
        return examples


@pytest.fixture
def watched(make_model):
    """A model whose trained weights are what they are set to."""
    model = make_model(LayerNormOnly(), num_tasks=1)

    class Watched:
        best = callbacks.BestEpoch()

        def end_epoch(self, epoch, value, mean):
            for variable in model.trainable_variables:
                variable.assign(np.full(variable.shape, value))
            self.best.on_epoch_end(epoch, {"val_mean": mean})

        def values(self):
            arrays = [np.array(v) for v in model.trainable_variables]
            return set(np.concatenate([a.ravel() for a in arrays]).tolist())

    Watched.best.set_model(model)
    Watched.model = model
    return Watched()


def test_dev_scores_are_put_among_the_logs():
    examples = {"a": {"accuracy": 0.5, "f1": 1.0}, "b": {"pearson": 0.25}}
    logs = {"loss": 2.0}
    callbacks.DevScores(Scores(), examples).on_epoch_end(0, logs)
    assert logs == {
        "loss": 2.0,
        "val_a_accuracy": 0.5,
        "val_a_f1": 1.0,
        "val_b_pearson": 0.25,
        "val_mean": (0.75 + 0.25) / 2,
    }


@pytest.mark.large
def test_dev_scores_reach_the_callbacks_after_them(
    make_model, make_tasks, toy_dataset, tokenizer
):
    model = make_model(LayerNormOnly(), num_tasks=1, tokenizer=tokenizer)
    model.compile("adam", jit_compile=False)
    texts = (["the film is good", "it was bad", "not so fine"],)
    examples = Examples(make_tasks(1)[0], texts, np.array([1, 0, 0], "float32"))
    dev = callbacks.DevScores(Predictor(model), {"two": examples})
    best = callbacks.BestEpoch()
    history = model.fit(
        toy_dataset(num_tasks=1),
        epochs=2,
        shuffle=False,
        verbose=0,
        callbacks=[dev, best],
    ).history
    assert len(history["val_two_accuracy"]) == 2
    assert history["val_mean"] == history["val_two_accuracy"]
    assert best.score == max(history["val_mean"])


def test_the_best_epoch_is_restored(watched):
    for epoch, mean in enumerate((0.1, 0.7, 0.7, 0.3)):
        watched.end_epoch(epoch, value=float(epoch), mean=mean)
    # The first of equals is the best.
    assert (watched.best.epoch, watched.best.score) == (1, 0.7)
    watched.best.restore()
    assert watched.values() == {1.0}


def test_frozen_weights_are_not_kept(watched):
    watched.end_epoch(0, value=1.0, mean=0.5)
    frozen = watched.model.non_trainable_variables
    before = [np.array(v) + (v.dtype == "float32") for v in frozen]
    for variable, value in zip(frozen, before, strict=True):
        variable.assign(value)
    watched.best.restore()
    for variable, value in zip(frozen, before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_nothing_is_restored_before_the_first_epoch(watched):
    before = watched.values()
    watched.best.restore()
    assert watched.values() == before
    assert watched.best.epoch == -1


def test_a_score_that_is_not_a_number_is_never_the_best(watched):
    watched.end_epoch(0, value=1.0, mean=np.nan)
    assert watched.best.epoch == -1
    watched.end_epoch(1, value=2.0, mean=-0.5)
    watched.end_epoch(2, value=3.0, mean=np.nan)
    assert watched.best.epoch == 1


def test_the_timer_measures_between_the_ends_of_steps(monkeypatch):
    # Two epochs; the seconds between them are an evaluation's.
    clock = iter([0, 5, 6, 8, 100, 101, 110])
    monkeypatch.setattr(callbacks.time, "perf_counter", lambda: next(clock))
    timer = callbacks.StepTimer()
    assert timer.median is None
    for steps in (4, 3):
        timer.on_epoch_begin(0)
        for step in range(steps):
            timer.on_train_batch_end(step)
    # 5, 1, 2 and 1, 9.
    assert timer.median == 2


def test_one_step_has_no_time():
    timer = callbacks.StepTimer()
    timer.on_epoch_begin(0)
    timer.on_train_batch_end(0)
    assert timer.median is None

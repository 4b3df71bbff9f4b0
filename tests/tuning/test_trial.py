"""A trial that is really trained, on a tiny preset."""

import json
import os

import pytest
import tensorflow as tf

optuna = pytest.importorskip("optuna")

from optuna.trial import TrialState  # noqa: E402
from tensorboard.backend.event_processing import event_accumulator  # noqa: E402
from tensorboard.plugins.hparams import api_pb2  # noqa: E402
from tensorboard.plugins.hparams import plugin_data_pb2  # noqa: E402

from tf_adapters.training.checkpoints import StopTraining  # noqa: E402
from tf_adapters.tuning.trial import train_trial  # noqa: E402

TASKS = """
tasks:
  - name: mood
    text_columns: [text]
    labels: [bad, good]
    label_column: mood
    files: {train: mood.tsv, dev: mood.tsv}
"""


@pytest.fixture
def search(make_search, tiny_preset, tmp_path):
    """A search among rates and widths, of runs of two epochs."""
    rows = [f"the film is {m} word{i}\t{m}" for i in range(8) for m in MOODS]
    (tmp_path / "mood.tsv").write_text("\n".join(["text\tmood", *rows, ""]))
    (tmp_path / "tasks.yaml").write_text(TASKS)
    settings = {
        "preset": tiny_preset,
        "task_file": str(tmp_path / "tasks.yaml"),
        "tasks": ["mood"],
        "num_epochs": 2,
        "sequence_length": 16,
        "batch_size": 8,
        "tensorboard": [],
        "predict": False,
        "export": False,
    }
    return make_search(
        settings=settings,
        space={"learning_rate": "0.001:0.01", "bottleneck_dim": "2,4"},
        prune_after=1,
    )


MOODS = ("good", "bad")


def claim(search):
    number, lock = search.claim(9)
    os.close(lock)
    return number


def hparams(folder, tag):
    """What the HParams tab reads under a tag."""
    events = event_accumulator.EventAccumulator(str(folder)).Reload()
    content = events.SummaryMetadata(f"_hparams_/{tag}").plugin_data.content
    return plugin_data_pb2.HParamsPluginData.FromString(content), events


@pytest.mark.large
def test_a_trial_is_stopped_goes_on_and_is_noted(search, monkeypatch):
    number, runs, reported = claim(search), [], []
    report = search.report

    def stops_after_the_first(number, step, score):
        reported.append(step)
        if not step:
            runs[-1].checkpoints.stop_requested = True
        return report(number, step, score)

    monkeypatch.setattr(search, "report", stops_after_the_first)
    with pytest.raises(StopTraining):
        train_trial(search, number, runs)
    assert search.trials[number].state == TrialState.RUNNING

    train_trial(search, number, runs)
    # No epoch twice: the second run went on after the first.
    assert reported == [0, 1]
    trial = search.trials[number]
    assert trial.state == TrialState.COMPLETE
    folder = search.trial_folder(number)
    metrics = json.loads((folder / "seed-0" / "metrics.json").read_text())
    assert trial.value == metrics["mean"]
    means = [log["val_mean"] for log in metrics["history"]]
    assert list(trial.intermediate_values.values()) == pytest.approx(means)
    assert not (folder / "seed-0" / "checkpoints").exists()

    logs = search.folder / "logs"
    data, events = hparams(logs / f"{number:04d}", "session_start_info")
    found = data.session_start_info.hparams
    assert found["bottleneck_dim"].number_value in (2, 4)
    assert (
        found["learning_rate"].number_value
        == (search.values(number)["learning_rate"])
    )
    tags = {"score", "dev/mean", "dev/mood/accuracy"}
    assert tags <= set(events.Tags()["tensors"])
    assert [event.step for event in events.Tensors("dev/mean")] == [0, 1]
    data, _ = hparams(logs / f"{number:04d}", "session_end_info")
    assert data.session_end_info.status == api_pb2.STATUS_SUCCESS
    data, _ = hparams(logs, "experiment")
    rate, width = data.experiment.hparam_infos
    assert rate.domain_interval.max_value == 0.01
    assert [v.number_value for v in width.domain_discrete.values] == [2, 4]
    names = {info.name.tag for info in data.experiment.metric_infos}
    assert names == {"score", "dev/mood/accuracy"}


@pytest.mark.large
def test_a_trial_that_is_worse_is_ended_after_an_epoch(search):
    number, lock = search.claim(9)
    # No score comes near this one.
    for step in range(2):
        search.report(number, step, 2.0)
    search.finish(number, TrialState.COMPLETE, 2.0)
    os.close(lock)
    number = claim(search)
    train_trial(search, number, [])
    trial = search.trials[number]
    assert trial.state == TrialState.PRUNED
    assert list(trial.intermediate_values) == [0]
    folder = search.trial_folder(number) / "seed-0"
    assert not (folder / "metrics.json").exists()
    assert not (folder / "checkpoints").exists()
    _, events = hparams(search.logs / f"{number:04d}", "session_start_info")
    assert len(events.Tensors("score")) == 1


@pytest.mark.large
def test_a_trial_that_diverges_counts_as_a_bad_one(make_search, pretend):
    search = make_search()
    number = claim(search)
    pretend(diverged=True)
    train_trial(search, number, [])
    assert search.trials[number].state == TrialState.PRUNED
    data, _ = hparams(search.logs / f"{number:04d}", "session_end_info")
    assert data.session_end_info.status == api_pb2.STATUS_FAILURE


@pytest.mark.large
def test_the_score_is_the_mean_over_seeds(make_search, pretend):
    search = make_search(num_seeds=2)
    number = claim(search)
    pretend(diverged=False)
    train_trial(search, number, [])
    # Seeds 4 and 5, and as many epochs of the second as of the first.
    assert search.trials[number].value == 4.5
    reported = search.trials[number].intermediate_values
    assert reported == {0: 4.0, 1: 4.5, 2: 5.0, 3: 5.5}
    _, events = hparams(search.logs / f"{number:04d}", "session_start_info")
    [event] = events.Tensors("dev/mood/accuracy")
    assert tf.make_ndarray(event.tensor_proto) == 4.5


@pytest.mark.large
def test_a_seed_that_has_ended_before_a_kill_is_not_run_again(
    make_search, pretend
):
    search = make_search(num_seeds=2)
    number = claim(search)
    folder = search.trial_folder(number) / "seed-0"
    folder.mkdir()
    metrics = {"mean": 9.0, "dev": {"mood": {"accuracy": 9.0}}}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    seeds = pretend(diverged=False)
    train_trial(search, number, [])
    assert seeds == [5]
    assert search.trials[number].value == 7.0


@pytest.fixture
def pretend(monkeypatch):
    """Puts a run in the place of one that trains; it scores its seed."""

    def pretend(diverged):
        seeds = []

        class Pretended:
            def __init__(self, name, recipe, config, output_dir):
                self.config, self.directory = config, self
                self.diverged = diverged
                seeds.append(config.seed)

            def fit(self, extra):
                for epoch in range(0 if diverged else 2):
                    score = self.config.seed + epoch / 2
                    extra[0].on_epoch_end(epoch, {"val_mean": score})

            def finish(self):
                pass

            release = finish

        def evaluate(run):
            score = run.config.seed
            return {"mean": score, "dev": {"mood": {"accuracy": score}}}

        monkeypatch.setattr("tf_adapters.tuning.trial.Run", Pretended)
        monkeypatch.setattr("tf_adapters.tuning.trial.evaluate", evaluate)
        return seeds

    return pretend

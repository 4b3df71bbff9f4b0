import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import safetensors.numpy

import tf_adapters
import train
from tf_adapters import storage
from tf_adapters.command_line.main import main
from tf_adapters.tensorboard.event_log import read_events

ROOT = pathlib.Path(train.__file__).parent
TASK_FILE = """
tasks:
  - name: rte
    text_columns: [text]
    labels: [bad, good]
    label_column: mood
    files: {train: rte.tsv, dev: rte.tsv}
  - name: score
    text_columns: [text]
    value_range: [0, 5]
    label_column: score
    files: {train: rte.tsv, dev: rte.tsv}
"""
ROWS = [
    "text\tmood\tscore",
    *(f"the film is good so word{i}\tgood\t{4 + i / 25}" for i in range(20)),
    *(f"it was bad film word{i}\tbad\t{i / 25}" for i in range(20)),
]


@pytest.fixture
def arguments(tmp_path, tiny_preset):
    """The arguments of a tiny run, and a folder that it may write to."""
    (tmp_path / "rte.tsv").write_text("\n".join([*ROWS, ""]))
    (tmp_path / "tasks.yaml").write_text(TASK_FILE)

    def arguments(recipe="houlsby", output="run", epochs=2, **flags):
        flags = {
            "preset": tiny_preset,
            "task_file": tmp_path / "tasks.yaml",
            "output_dir": tmp_path / output,
            "num_epochs": epochs,
            "sequence_length": 16,
            "batch_size": 8,
            **flags,
        }
        pairs = [(f"--{key}", str(value)) for key, value in flags.items()]
        return [recipe, *(part for pair in pairs for part in pair)]

    return arguments


# Whoever starts the tests in the background lets them ignore Ctrl-C, and all
# that they start.
WITH_CTRL_C = """
import runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = ["train.py", *sys.argv[1:]]
runpy.run_path("train.py", run_name="__main__")
"""


def start(argv):
    return subprocess.Popen(
        [sys.executable, "-c", WITH_CTRL_C, *argv],
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def steps_of(folder, tag):
    """The steps at which a tag was written, in all files of a folder."""
    return [
        event.step
        for path in storage.listed(folder)
        if path.name.startswith("events.")
        for event in read_events(path)
        if tag in [value.tag for value in event.summary.value]
    ]


def metrics_of(folder):
    return json.loads((folder / "metrics.json").read_text())


@pytest.mark.large
def test_a_run_leaves_everything_behind(arguments, tmp_path):
    process = start(arguments())
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    assert "rte" in output
    run = tmp_path / "run"
    found = {path.name for path in run.iterdir()}
    assert {
        "config.json",
        "metrics.json",
        "bundles",
        "saved_model",
        "predictions",
        "logs",
    } == found
    assert {p.name for p in (run / "bundles").iterdir()} == {"rte", "score"}
    assert (run / "saved_model" / "1" / "saved_model.pb").is_file()
    lines = (run / "predictions" / "rte_dev.tsv").read_text().splitlines()
    assert lines[0] == "index\tprediction"
    assert len(lines) == 41
    settings = json.loads((run / "config.json").read_text())
    assert settings["recipe"] == "houlsby"
    assert settings["num_epochs"] == 2

    metrics = metrics_of(run)
    accuracy = metrics["dev"]["rte"]["accuracy"]
    correlations = metrics["dev"]["score"]
    assert set(correlations) == {"pearson", "spearman"}
    mean = (accuracy + np.mean(list(correlations.values()))) / 2
    assert metrics["mean"] == pytest.approx(mean)
    assert metrics["majority"]["rte"] == {"accuracy": 0.5}
    assert metrics["seconds_per_step"] > 0
    assert 0 < metrics["trainable_percent"]
    # 80 examples in batches of 8.
    assert metrics["steps_per_epoch"] == 10
    history = metrics["history"]
    assert len(history) == 2
    for epoch in history:
        assert {"loss", "rte_loss", "val_rte_accuracy", "val_mean"} <= set(
            epoch
        )
    means = [epoch["val_mean"] for epoch in history]
    assert metrics["mean"] == pytest.approx(max(means), abs=1e-6)
    assert metrics["best_epoch"] == 1 + int(np.argmax(means))


@pytest.mark.large
def test_a_run_that_is_stopped_goes_on(arguments, tmp_path, capsys):
    argv = [*arguments(epochs=40), "--no-export", "--no-predict"]
    process = start(argv)
    for line in process.stdout:
        if line.startswith("Epoch 2"):
            process.send_signal(signal.SIGTERM)
            break
    output, errors = process.communicate()
    assert process.returncode == 5, errors
    assert "The same command goes on" in errors
    run = tmp_path / "run"
    assert len(list((run / "checkpoints").glob("step-*"))) in (1, 2)
    assert not (run / "metrics.json").exists()

    assert train.main([*argv, "--no-resume"]) == 2
    assert "leave out --no-resume" in capsys.readouterr().err.lower()
    assert train.main([*argv, "--seed", "1"]) == 2
    assert "seed=1 instead of 0" in capsys.readouterr().err
    assert train.main([*argv, "--num_epochs", "2"]) == 2
    assert "num_epochs=2 instead of 40" in capsys.readouterr().err

    # As Ctrl-C would have left it.
    (run / "bundles" / "rte").mkdir(parents=True)
    (run / "bundles" / "rte" / "task.json").write_text("{}")
    assert train.main(argv) == 0
    assert "Going on from step" in capsys.readouterr().out
    assert not (run / "checkpoints").exists()
    assert len(metrics_of(run)["history"]) == 40
    expected = list(range(10, 401, 10))
    assert steps_of(run / "logs", "dev/mean") == expected
    assert set(expected) <= set(steps_of(run / "logs", "loss/rte"))
    assert len(steps_of(run / "logs", "about/command")) == 1
    assert train.main(argv) == 2
    assert "which is taken" in capsys.readouterr().err


@pytest.mark.large
def test_a_run_is_stopped_before_it_trains(arguments, tmp_path):
    process = start(arguments())
    for line in process.stdout:
        if line.startswith("Writing to"):
            process.send_signal(signal.SIGTERM)
            break
    output, errors = process.communicate()
    assert process.returncode == 5, errors
    assert "The same command goes on" in errors
    assert not (tmp_path / "run").exists()


@pytest.mark.large
def test_a_run_that_is_stopped_in_scoring_or_export_goes_on(
    arguments, tmp_path, capsys, monkeypatch
):
    begun = []
    monkeypatch.setattr(
        tf_adapters.TensorBoard,
        "start_from",
        lambda _, step: begun.append(step),
    )
    argv, run = [*arguments(), "--no-predict"], tmp_path / "run"
    stages = "Scoring the dev sets with the best epoch", "Exporting"
    for stage in stages:
        process = start(argv)
        for line in process.stdout:
            if line.startswith(stage):
                process.send_signal(signal.SIGTERM)
                break
        output, errors = process.communicate()
        assert process.returncode == 5, errors
        assert "The same command goes on" in errors
        assert not list(run.glob("saved_model/*/saved_model.pb"))
    assert train.main(argv) == 0
    assert "Going on from step 20 of 20" in capsys.readouterr().out
    assert begun == [20]
    assert [p.name for p in (run / "saved_model").iterdir()] == ["1"]
    assert len(metrics_of(run)["history"]) == 2


@pytest.mark.large
def test_a_run_in_an_object_store_goes_on_after_a_kill(
    arguments, object_store, capsys
):
    root, run = object_store.root, object_store.root / "run"
    rows = "\n".join([*ROWS, ""]).encode()
    storage.write_whole(root / "rte.tsv", rows)
    storage.write_whole(root / "tasks.yaml", TASK_FILE.encode())
    argv = arguments(task_file=root / "tasks.yaml", output_dir=run)
    # The config and what says that it has begun, three files of the first
    # state, and one of the second.
    assert object_store.interrupts(lambda: train.main(argv), changes=6)
    # The other is damaged.
    with pytest.warns(UserWarning, match="step-0000000020` is damaged"):
        assert train.main(argv) == 0
    assert "Going on from step 10 of 20" in capsys.readouterr().out
    assert {path.name for path in run.iterdir()} == {
        "config.json",
        "metrics.json",
        "bundles",
        "saved_model",
        "predictions",
        "logs",
    }
    assert (run / "saved_model" / "1" / "saved_model.pb").exists()
    # It was killed after TensorBoard had got the scores of the second epoch.
    assert steps_of(run / "logs", "dev/mean") == [10, 20]
    assert steps_of(run / "logs" / "final", "final/mean") == [20]
    metrics = json.loads((run / "metrics.json").read_text())
    assert len(metrics["history"]) == 2

    assert main(["evaluate", str(run)]) == 0
    dev = json.loads(capsys.readouterr().out)["dev"]
    for name, scores in metrics["dev"].items():
        assert dev[name] == pytest.approx(scores)
    assert train.main(argv) == 2
    assert f"Received: '{run}', which is taken" in capsys.readouterr().err


@pytest.mark.large
def test_the_same_seed_gives_the_same_metrics(arguments, tmp_path):
    for output in ("first", "second"):
        argv = arguments(output=output, pooling="mean", loss_weights="rte=2")
        assert train.main([*argv, "--no-export"]) == 0
    first, second = (metrics_of(tmp_path / k) for k in ("first", "second"))
    for key in ("dev", "mean", "history", "drawn", "padding_share"):
        assert first[key] == second[key]


@pytest.mark.large
def test_a_run_is_built_again_from_its_bundles(arguments, tmp_path):
    from tf_adapters.evaluation.predictor import Predictor
    from tf_adapters.runs.restore import restore_run
    from tf_adapters.runs.task_sources import task_sources

    argv = arguments(loss_weights="score=2")
    assert train.main([*argv, "--no-predict", "--no-export"]) == 0
    assert not any((tmp_path / "run" / "predictions").glob("*"))
    model, config = restore_run(str(tmp_path / "run"))
    assert model.task_names == ["rte", "score"]
    predictor = Predictor(model, config.sequence_length)
    for name, source in task_sources(config).items():
        scores = predictor.score(source.read("dev"))
        assert scores == pytest.approx(
            metrics_of(tmp_path / "run")["dev"][name]
        )


@pytest.fixture(scope="module")
def finished():
    """The folders of runs that others go on from, by recipe."""
    return {}


@pytest.fixture
def later(arguments, finished, tmp_path):
    """The arguments of a run that goes on from another with a new task."""
    (tmp_path / "later.yaml").write_text(
        TASK_FILE.replace("name: rte", "name: mood").partition("  - name: sc")[
            0
        ]
    )

    def later(recipe="hyperformer_plus_plus", **flags):
        # Not in the order of the alphabet, which ids must not depend on.
        order = ["--tasks", "score", "rte"]
        run = tmp_path / "run"
        if recipe not in finished:
            argv = [*arguments(recipe), *order, "--no-export"]
            assert train.main(argv) == 0
            finished[recipe] = run
        if finished[recipe] != run:
            shutil.copytree(finished[recipe], run)
        flags = {
            "task_file": tmp_path / "later.yaml",
            "from_run": tmp_path / "run",
            "max_examples": 12,
            **flags,
        }
        return [*arguments(recipe, output="later", **flags), "--no-export"]

    return later


def tensors_of(folder, name):
    file = folder / "bundles" / name / "weights.safetensors"
    return safetensors.numpy.load_file(file)


@pytest.mark.large
def test_a_task_is_learned_later_and_alone(later, tmp_path):
    from tf_adapters.runs.restore import restore_run

    assert train.main(later(trains="own", initialise_from="rte")) == 0
    run, first = tmp_path / "later", tmp_path / "run"
    metrics = metrics_of(run)
    assert set(metrics["dev"]) == {"mood"}
    assert metrics["started_from"] == {"mood": "rte"}
    # What the tasks share is not trained, so it is the same file.
    names = [
        {p.name for p in (folder / "bundles").glob("shared-*")}
        for folder in (first, run)
    ]
    assert names[0] == names[1] and len(names[0]) == 1
    for name in ("rte", "score"):
        old, new = tensors_of(first, name), tensors_of(run, name)
        assert all(np.array_equal(old[k], new[k]) for k in old)
    old, new = tensors_of(first, "rte"), tensors_of(run, "mood")
    assert set(old) == set(new)
    assert all((old[k] != new[k]).any() for k in old)
    notes = {
        name: json.loads((run / "bundles" / name / "bundle.json").read_text())
        for name in ("rte", "mood")
    }
    # As nothing of it was trained, its scores are what they were.
    assert notes["rte"]["metadata"] == {"dev": metrics_of(first)["dev"]}
    assert notes["mood"]["metadata"] == {"dev": metrics["dev"]}
    model, _ = restore_run(str(run))
    assert model.task_names == ["score", "rte", "mood"]


@pytest.mark.large
def test_a_later_task_may_train_what_is_shared(later, tmp_path):
    assert train.main(later(initialise_from="nearest")) == 0
    run = tmp_path / "later"
    assert metrics_of(run)["started_from"]["mood"] in ("rte", "score")
    note = json.loads((run / "bundles" / "rte" / "bundle.json").read_text())
    assert note["metadata"] == {}
    shared = {
        p.name
        for d in ("run", "later")
        for p in (tmp_path / d).rglob("shared*")
    }
    assert len(shared) == 2


@pytest.mark.large
@pytest.mark.parametrize(
    "flags, message",
    [
        ({"initialise_from": "cola"}, "The model has no task 'cola'"),
        ({"bottleneck_dim": 8}, "must be of the method of the model"),
        ({"from_run": "nowhere"}, "A run directory must hold `config.json`"),
    ],
)
def test_a_run_that_cannot_go_on_is_refused(
    later, tmp_path, capsys, flags, message
):
    assert train.main(later("houlsby", **flags)) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "later").exists()


@pytest.mark.large
def test_an_interrupted_run_is_written_all_the_same(arguments, tmp_path):
    process = start([*arguments(epochs=1000), "--no-export"])
    logs = tmp_path / "run" / "logs"
    try:
        # TensorBoard opens its file as training begins, and Keras prints a
        # line at the end of an epoch.
        while not logs.exists() and process.poll() is None:
            time.sleep(0.2)
        for line in process.stdout:
            if "val_mean" in line:
                break
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    run = tmp_path / "run"
    assert (run / "config.json").is_file()
    assert 1 <= len(metrics_of(run)["history"]) < 1000
    assert {p.name for p in (run / "bundles").iterdir()} == {"rte", "score"}


@pytest.mark.large
@pytest.mark.parametrize(
    "flags, message",
    [
        ({"tasks": "rtee"}, "Unknown task 'rtee'. Did you mean 'rte'?"),
        ({"caps": "rtee=5"}, "Unknown task in `caps` 'rtee'"),
        ({"loss_weights": "rtee=5"}, "`loss_weights` must name tasks"),
        ({"sequence_length": 500}, "sequence_length=500 for 128 positions"),
        ({"head_dropout": 2}, "2.0"),
        ({"dtype": "float33"}, "float33"),
        ({"task_file": "nowhere.yaml"}, "nowhere.yaml"),
        ({"preset": "./nowhere"}, "no such folder"),
        ({"output_dir": "tests"}, "`output_dir` must be a new or empty folder"),
        ({"recipe": "houlsbi"}, "Unknown recipe 'houlsbi'"),
        (
            {"bottleneck_dim": 0},
            "`bottleneck_dim` must be an int of at least 1",
        ),
    ],
)
def test_wrong_arguments_end_with_one_line(
    arguments, monkeypatch, capsys, flags, message
):
    monkeypatch.chdir(ROOT)
    assert train.main(arguments(**flags)) == 2
    errors = capsys.readouterr().err.strip().splitlines()
    assert message in errors[-1]
    assert errors[-1].startswith("train.py: ")


@pytest.mark.large
def test_a_loss_that_is_not_a_number_ends_the_run(arguments, capsys, tmp_path):
    argv = arguments(learning_rate=1e30, clip_norm=0, warmup_fraction=0)
    assert train.main([*argv, "--no-export"]) == 3
    assert "not a number any more" in capsys.readouterr().err
    assert not (tmp_path / "run" / "metrics.json").exists()


@pytest.mark.parametrize(
    "flags, message",
    [
        ({"batch_size": "many"}, "Error parsing --batch_size:"),
        ({"learning_rate": -1}, "`learning_rate` must be positive"),
        ({"caps": "rte"}, "`caps` takes settings of the form task=int"),
    ],
)
def test_a_wrong_flag_exits_with_2(flags, message, capsys):
    pairs = [(f"--{key}", str(value)) for key, value in flags.items()]
    with pytest.raises(SystemExit) as exit_:
        train.main(["houlsby", *(part for pair in pairs for part in pair)])
    assert exit_.value.code == 2
    assert message in capsys.readouterr().err

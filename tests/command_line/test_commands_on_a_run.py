"""`evaluate`, `predict` and `export` build the model again from its bundles."""

import io
import json

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_text  # noqa: F401  The SavedModel needs its operations.

from tests.rounding import ROUNDING
from tf_adapters import AverageEnsemble
from tf_adapters import Ensemble
from tf_adapters.command_line.main import main
from tf_adapters.data.examples import Examples
from tf_adapters.runs.restore import restore_run

pytestmark = pytest.mark.large
# Where what the tasks train, each on its own or the encoder together, is all
# the same.
one_run = pytest.mark.parametrize("run_dir", ["houlsby"], indirect=True)


def test_evaluate_computes_the_scores_of_the_run_again(run_dir, capsys):
    assert main(["evaluate", str(run_dir)]) == 0
    again = json.loads(capsys.readouterr().out)
    metrics = json.loads((run_dir / "metrics.json").read_text())
    assert again == {"dev": metrics["dev"], "mean": metrics["mean"]}


def test_an_encoder_that_tasks_train_is_written_once(run_dir):
    recipe = json.loads((run_dir / "config.json").read_text())["recipe"]
    shared = list((run_dir / "bundles").glob("shared-*.safetensors"))
    assert len(shared) == (recipe == "full_fine_tuning")
    for bundle in (run_dir / "bundles").glob("*/bundle.json"):
        digest = json.loads(bundle.read_text())["shared_sha256"]
        assert [f"shared-{digest[:16]}"] * bool(digest) == [
            path.stem for path in shared
        ]


def test_predict_agrees_with_the_saved_model(run_dir, capsys):
    texts = ["the film is good", "the book is very bad"]
    assert main(["predict", str(run_dir), "--task", "taste", *texts]) == 0
    answers = list(map(json.loads, capsys.readouterr().out.splitlines()))
    served = tf.saved_model.load(run_dir / "saved_model" / "1")
    outputs = served.signatures["taste"](sentence=tf.constant(texts))
    labels = [label.decode() for label in outputs["label"].numpy()]
    assert [answer["label"] for answer in answers] == labels
    scores = [list(answer["scores"].values()) for answer in answers]
    np.testing.assert_allclose(scores, outputs["scores"], atol=ROUNDING)


@one_run
def test_predict_reads_pairs_from_standard_input(run_dir, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("good\tbad\nbad\tbad\n"))
    assert main(["predict", str(run_dir), "--task", "same"]) == 0
    answers = list(map(json.loads, capsys.readouterr().out.splitlines()))
    assert len(answers) == 2
    assert all(0 <= answer["label"] <= 5 for answer in answers)


ALIKE = ["--ensemble", "taste", "opinion"]
BOTH = ["taste", "opinion"]
ENSEMBLES = {
    "default": ([], lambda model: Ensemble(model, BOTH)),
    "steps": (
        ["--steps", "2", "--step_size", "3"],
        lambda model: Ensemble(model, BOTH, 2, 3.0),
    ),
    "uniform": (["--steps", "0"], lambda model: Ensemble(model, BOTH, 0)),
    "average": (["--average"], lambda model: AverageEnsemble(model, BOTH)),
}


@one_run
@pytest.mark.parametrize("flags, make", ENSEMBLES.values(), ids=ENSEMBLES)
def test_predict_with_an_ensemble(run_dir, flags, make, capsys):
    texts = ["the film is good", "the book is very bad"]
    # The texts come last, after `--` where there is no other flag.
    argv = ["predict", str(run_dir), *ALIKE, *flags]
    end = [] if "--steps" in flags else ["--"]
    assert main([*argv, *end, *texts]) == 0
    answers = list(map(json.loads, capsys.readouterr().out.splitlines()))
    model, _ = restore_run(str(run_dir))
    ensemble = make(model)
    examples = Examples(model.tasks[0], (texts,), None)
    expected = ensemble.outputs(ensemble.encode(examples))
    scores = [list(answer["scores"].values()) for answer in answers]
    np.testing.assert_allclose(scores, expected, atol=ROUNDING)
    labels = ["bad", "good"]
    for answer, row in zip(answers, expected, strict=True):
        assert list(answer["scores"]) == labels
        assert answer["label"] == labels[row.argmax()]


@pytest.fixture
def related(task_file, tmp_path):
    """Declares a task that the run has not seen, and another `taste`."""
    lines = (task_file.parent / "taste_dev.tsv").read_text().splitlines()
    all_bad = [line.rsplit("\t", 1)[0] + "\tbad" for line in lines[1:]]
    rows = "\n".join([lines[0], *all_bad]) + "\n"
    (tmp_path / "dev.tsv").write_text(rows)
    task = {
        "name": "related",
        "text_columns": ["sentence"],
        "label_column": "label",
        "labels": ["bad", "good"],
        "files": {"dev": "dev.tsv"},
    }
    other = {**task, "name": "taste", "labels": ["good", "bad"]}
    path = tmp_path / "related.json"
    path.write_text(json.dumps({"tasks": [task, other]}))
    return path


def test_evaluate_scores_an_ensemble_on_its_tasks(run_dir, capsys):
    assert main(["evaluate", str(run_dir), *ALIKE, "--steps", "0"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["dev"]) == BOTH
    accuracies = [own["accuracy"] for own in found["dev"].values()]
    assert found["mean"] == np.mean(accuracies)


@one_run
def test_evaluate_scores_an_ensemble_on_another_task(run_dir, related, capsys):
    argv = [str(run_dir), *ALIKE, "--task_file", str(related)]
    assert main(["evaluate", *argv, "--on", "related"]) == 0
    found = json.loads(capsys.readouterr().out)["dev"]
    model, _ = restore_run(str(run_dir))
    ensemble = Ensemble(model, BOTH)
    lines = (related.parent / "dev.tsv").read_text().splitlines()[1:]
    texts = [line.split("\t")[0] for line in lines]
    outputs = ensemble.outputs(
        ensemble.encode(Examples(model.tasks[0], (texts,), None))
    )
    # Every label is the first one.
    share = float(np.mean(outputs.argmax(axis=1) == 0))
    assert found == {"related": {"accuracy": pytest.approx(share)}}


@one_run
def test_evaluate_scores_the_tasks_that_are_named(run_dir, capsys):
    assert main(["evaluate", str(run_dir), "--on", "opinion"]) == 0
    found = json.loads(capsys.readouterr().out)
    metrics = json.loads((run_dir / "metrics.json").read_text())
    assert found["dev"] == {"opinion": metrics["dev"]["opinion"]}


@one_run
@pytest.mark.parametrize(
    "argv, message",
    [
        (["--on", "related"], "Known tasks: taste, opinion, same"),
        (["--on", "related", "--task_file"], "has no task 'related'. Its"),
        (["--on", "taste", "--task_file"], "labels that the run has learned"),
        ([*ALIKE, "--on", "taste", "--task_file"], "task 'taste' with labels="),
        ([*ALIKE, "--on", "same"], "Received: task 'same'"),
        (["--ensemble", "taste", "same"], "same (none)"),
        (["--steps", "1"], "--steps must come with `--ensemble`"),
        (["--average"], "--average must come with `--ensemble`"),
        ([*ALIKE, "--average", "--steps", "1"], "`--average` takes no steps"),
        ([*ALIKE, "--steps", "-1"], "num_steps=-1"),
    ],
)
def test_evaluate_refuses_what_does_not_fit(
    run_dir, related, argv, message, capsys
):
    if argv[-1] == "--task_file":
        argv = [*argv, str(related)]
    assert main(["evaluate", str(run_dir), *argv]) == 2
    assert message in capsys.readouterr().err


@one_run
def test_export_writes_the_next_version(run_dir, tmp_path, capsys):
    for version in ("1", "2"):
        argv = ["export", str(run_dir), "--path", str(tmp_path)]
        assert main(argv) == 0
        written = capsys.readouterr().out.strip()
        assert written == str(tmp_path / version)
        assert (tmp_path / version / "saved_model.pb").is_file()


@one_run
@pytest.mark.parametrize(
    "argv, message",
    [
        (["--task", "tast", "x"], "has no task 'tast'. Its tasks are: "),
        (["--task", "taste", "a\tb"], "'taste' reads sentence"),
        (["--task", "same", "a"], "'same' reads one and two, with a tab"),
        (["--ensemble", "taste", "a film"], "has no task 'a film'. Its"),
        (["--ensemble", "taste", "same"], "taste (bad, good); same (none)"),
        ([*ALIKE, "--step_size", "0", "a"], "step_size=0.0"),
        (
            ["--task", "taste", "--steps", "1", "--average", "a"],
            "`--average` takes no steps. Received: --average and --steps.",
        ),
        (
            ["--task", "taste", "--steps", "1", "--step_size", "2", "a"],
            "--steps and --step_size must come with `--ensemble`",
        ),
        (["--task", "taste", "--average", "a"], "--average must come with"),
    ],
)
def test_predict_refuses_what_does_not_fit(run_dir, argv, message, capsys):
    assert main(["predict", str(run_dir), *argv]) == 2
    assert message in capsys.readouterr().err

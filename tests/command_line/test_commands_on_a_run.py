"""`evaluate`, `predict` and `export` build the model again from its bundles."""

import io
import json

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_text  # noqa: F401  The SavedModel needs its operations.

from tf_adapters.command_line.main import main

pytestmark = pytest.mark.large


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
    np.testing.assert_allclose(scores, outputs["scores"], atol=1e-5)


def test_predict_reads_pairs_from_standard_input(run_dir, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("good\tbad\nbad\tbad\n"))
    assert main(["predict", str(run_dir), "--task", "same"]) == 0
    answers = list(map(json.loads, capsys.readouterr().out.splitlines()))
    assert len(answers) == 2
    assert all(0 <= answer["label"] <= 5 for answer in answers)


def test_export_writes_the_next_version(run_dir, tmp_path, capsys):
    for version in ("1", "2"):
        argv = ["export", str(run_dir), "--path", str(tmp_path)]
        assert main(argv) == 0
        written = capsys.readouterr().out.strip()
        assert written == str(tmp_path / version)
        assert (tmp_path / version / "saved_model.pb").is_file()


@pytest.mark.parametrize(
    "argv, message",
    [
        (["--task", "tast", "x"], "has no task 'tast'. Its tasks are: "),
        (["--task", "taste", "a\tb"], "'taste' reads sentence"),
        (["--task", "same", "a"], "'same' reads one and two, with a tab"),
    ],
)
def test_predict_refuses_what_does_not_fit(run_dir, argv, message, capsys):
    assert main(["predict", str(run_dir), *argv]) == 2
    assert message in capsys.readouterr().err

"""What is refused before Beam or TensorFlow is imported."""

import builtins

import pytest

from tf_adapters.scoring.columns import Columns
from tf_adapters.scoring.driver import score_files


@pytest.fixture
def score(tmp_path, tasks, monkeypatch):
    from tf_adapters.scoring import driver
    from tf_adapters.scoring.model import Model

    model = Model("/model", tasks, "0")
    monkeypatch.setattr(driver, "find_model", lambda path: model)
    (tmp_path / "rows.tsv").write_text("sentence\ngood\n")

    def score(**kwargs):
        files = [str(tmp_path / "rows.tsv")]
        columns = Columns(task="mood")
        output = str(tmp_path / "out")
        return score_files("/model", files, output, columns, **kwargs)

    return score


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"chunk_rows": 0}, "`chunk_rows` must be at least 1"),
        ({"workers": 0}, "`workers` must be at least 1"),
        (
            {"workers": 2, "beam_flags": ["--runner", "FlinkRunner"]},
            "workers=2 and --runner FlinkRunner. Leave one",
        ),
        ({"delimiter": ";;"}, "must be one character"),
        ({"delimiter": ";"}, "`delimiter` is for CSV"),
    ],
)
def test_arguments_that_do_not_go_together_are_refused(
    score, tmp_path, arguments, message
):
    with pytest.raises(ValueError, match=message):
        score(**arguments)
    assert not (tmp_path / "out").exists()


def test_beam_is_asked_for(score, monkeypatch, tmp_path):
    original = builtins.__import__

    def without_beam(name, *args, **kwargs):
        if name.startswith("apache_beam"):
            raise ImportError(f"No module named {name!r}")
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_beam)
    with pytest.raises(ImportError, match=r"tf_adapters\[beam\]"):
        score()
    assert not (tmp_path / "out").exists()

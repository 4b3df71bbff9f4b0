"""Files through Apache Beam, which has an environment of its own.

`make test` runs these in `.venv-beam`.
"""

import collections
import gzip
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest
import tensorflow as tf

pytest.importorskip(
    "apache_beam",
    reason="Apache Beam is not installed; `make test` runs these in .venv-beam",
)

from tf_adapters.command_line.main import main  # noqa: E402
from tf_adapters.scoring import pipeline  # noqa: E402
from tf_adapters.scoring import score_files  # noqa: E402
from tf_adapters.scoring.columns import Columns  # noqa: E402
from tf_adapters.scoring.model import find_model  # noqa: E402
from tf_adapters.scoring.pipeline import ReadShard  # noqa: E402
from tf_adapters.scoring.questions import Question  # noqa: E402
from tf_adapters.scoring.results import Results  # noqa: E402
from tf_adapters.scoring.scorer import Scorer  # noqa: E402
from tf_adapters.scoring.shards import find_shards  # noqa: E402

pytestmark = pytest.mark.large

ROOT = pathlib.Path(__file__).parent.parent.parent
TEXTS = ("good", "a bad film", "is a film good", "films")


@pytest.fixture
def rows(tmp_path):
    """A function that writes files of ten rows each; returns their pattern."""

    def rows(num_files=3, num_rows=10):
        folder = tmp_path / "rows"
        folder.mkdir()
        for number in range(num_files):
            lines = ["id\ttask\ttext\ttext_pair"]
            for i in range(num_rows):
                task = ("mood", "same", "near")[i % 3]
                pair = "" if task == "mood" else "a film"
                text = TEXTS[(number + i) % len(TEXTS)]
                lines.append(f"{number}-{i}\t{task}\t{text}\t{pair}")
            text = "\n".join(lines) + "\n"
            (folder / f"{number}.tsv").write_text(text)
        return f"{folder}/*.tsv"

    return rows


@pytest.fixture
def asked(monkeypatch):
    """Counts what the SavedModel is asked, by the line of the row."""
    asked = collections.Counter()
    ask = Scorer.ask

    def count(self, questions):
        asked.update(question.place["key"]["id"] for question in questions)
        return ask(self, questions)

    monkeypatch.setattr(Scorer, "ask", count)
    return asked


def score(served, files, output, **kwargs):
    columns = Columns(key_columns=("id",))
    kwargs.setdefault("chunk_rows", 4)
    return score_files(served, [files], str(output), columns, **kwargs)


def read(folder):
    """Returns the lines of all files of a folder by their keys, each once."""
    found = {}
    for path in sorted(folder.iterdir()):
        for line in path.read_text().splitlines():
            row = json.loads(line)
            assert row["key"]["id"] not in found
            found[row["key"]["id"]] = row
    return found


def ids(num_files=3, num_rows=10):
    return {f"{n}-{i}" for n in range(num_files) for i in range(num_rows)}


def test_every_row_is_answered_once_with_its_key(served, rows, tmp_path):
    lines = []
    files = rows()
    scored = score(served, files, tmp_path / "out", report=lines.append)
    assert (scored.answered, scored.rejected, scored.files) == (30, 0, 3)
    answers = read(tmp_path / "out" / "answers")
    assert set(answers) == ids()
    # As a request of one row is answered.
    model = find_model(served)
    alone = Scorer(model.path, model.tasks)
    for task in ("mood", "near"):
        row = next(r for r in answers.values() if r["task"] == task)
        number, i = map(int, row["key"]["id"].split("-"))
        pair = "" if task == "mood" else "a film"
        text = TEXTS[(number + i) % len(TEXTS)]
        [expected] = alone.ask([Question({}, task, text, pair)])
        assert row["label"] == pytest.approx(expected["label"], abs=1e-5)
    assert lines[0] == "0 of 3 files, 0 rows, 0 rows a second"
    assert lines[-1].startswith("3 of 3 files, 30 rows, ")
    assert not list((tmp_path / "out" / "parts").iterdir())


def test_what_was_stopped_goes_on_where_it_was(
    served, rows, tmp_path, asked, monkeypatch
):
    files, output = rows(), tmp_path / "out"
    write = Results.write_part
    written = []

    def fail_at_the_fifth(self, chunk, answers, rejected):
        if len(written) == 4:
            raise RuntimeError("stopped")
        write(self, chunk, answers, rejected)
        written.append(chunk)

    monkeypatch.setattr(Results, "write_part", fail_at_the_fifth)
    with pytest.raises(RuntimeError, match="stopped"):
        score(served, files, output)
    monkeypatch.setattr(Results, "write_part", write)
    # Ten rows are three parts: one file is finished, one has a part.
    assert len(list((output / "finished").iterdir())) == 1
    asked.clear()
    scored = score(served, files, output)
    assert (scored.answered, scored.rejected) == (30, 0)
    assert set(read(output / "answers")) == ids()
    known = sum(len(chunk.questions) for chunk in written)
    assert len(asked) == 30 - known and set(asked.values()) == {1}


def test_what_is_finished_is_neither_read_nor_asked_again(
    served, rows, tmp_path, asked
):
    files, output = rows(2), tmp_path / "out"
    score(served, files, output)
    new = tmp_path / "rows" / "new.tsv"
    new.write_text("id\ttask\ttext\nnew\tmood\tgood\n")
    asked.clear()
    scored = score(served, files, output)
    assert dict(asked) == {"new": 1}
    assert (scored.files, scored.answered) == (3, 21)
    asked.clear()
    assert score(served, files, output) == scored
    assert not asked


def test_a_part_of_the_last_moment_is_not_forgotten(
    served, rows, tmp_path, monkeypatch
):
    """Killed after the last part was written, before they were joined."""
    files, output = rows(1), tmp_path / "out"
    finish = Results.finish_if_whole
    monkeypatch.setattr(Results, "finish_if_whole", lambda self, shard: None)
    scored = score(served, files, output)
    assert scored.answered == 0
    assert "parts of it are missing" in scored.failures["0.tsv"]
    monkeypatch.setattr(Results, "finish_if_whole", finish)
    assert score(served, files, output).answered == 10


def test_the_command_says_which_rows_and_files_are_wrong(
    served, rows, tmp_path, capsys
):
    files, output = rows(1), tmp_path / "out"
    folder = tmp_path / "rows"
    with (folder / "0.tsv").open("a") as file:
        file.write("bad\tmood\t \t\nworse\n")
    good = gzip.compress(b"id\ttask\ttext\ngz\tmood\tgood\n")
    (folder / "cut.tsv.gz").write_bytes(good[:-4])
    command = ["score", str(served), files, f"{folder}/*.gz"]
    command += ["--output", str(output), "--key_columns", "id"]
    assert main(command) == 2
    printed = capsys.readouterr()
    assert "12 rows: 10 answered in" in printed.out
    assert "1 of 2 file(s) could not be scored" in printed.err
    assert "cut.tsv.gz: a file that is called .gz" in printed.err
    lines = (output / "rejected" / "0.tsv.jsonl").read_text().splitlines()
    blank, broken = map(json.loads, lines)
    assert "must not be blank" in blank["reason"] and blank["row"] == 12
    assert "one field per column" in broken["reason"] and broken["row"] == 13
    (folder / "cut.tsv.gz").write_bytes(good)
    assert main(command) == 0
    assert "13 rows: 11 answered in" in capsys.readouterr().out


def test_beam_may_be_told_what_to_run_on(served, rows, tmp_path):
    flags = ["--runner", "FnApiRunner", "--job_name", "scoring"]
    scored = score(served, rows(1), tmp_path / "out", beam_flags=flags)
    assert scored.answered == 10


def test_a_worker_that_was_left_alone_ends(served, rows, tmp_path):
    model = find_model(served)
    columns = Columns().of_model(model.tasks)
    results = Results(str(tmp_path / "out"))
    [shard] = find_shards([rows(1)])
    ended = subprocess.Popen(["true"])
    ended.wait()
    alone = ReadShard(columns, model, 4, ",", results, ended.pid)
    with pytest.raises(RuntimeError, match="that started this worker"):
        next(alone.process(shard))
    reader = ReadShard(columns, model, 4, ",", results, os.getpid())
    assert [chunk.num_rows for chunk in reader.process(shard)] == [4, 4, 2]


def test_a_file_that_its_store_cannot_give_is_noted(
    served, rows, tmp_path, monkeypatch
):
    """By an error of TensorFlow, which is neither OSError nor ValueError."""

    def away(*arguments):
        raise tf.errors.UnavailableError(None, None, "away for a while")
        yield

    monkeypatch.setattr(pipeline, "read_chunks", away)
    model, results = find_model(served), Results(str(tmp_path / "out"))
    columns = Columns().of_model(model.tasks)
    [shard] = find_shards([rows(1)])
    reader = ReadShard(columns, model, 4, ",", results)
    assert list(reader.process(shard)) == []
    assert results.failures() == {"0.tsv": "away for a while"}


def test_two_processes_that_were_killed_are_gone_on_with(
    served, rows, tmp_path
):
    files, output = rows(4, 200), tmp_path / "out"
    command = [sys.executable, "-m", "tf_adapters", "score", str(served)]
    command += [files, "--output", str(output), "--key_columns", "id"]
    command += ["--chunk_rows", "4", "--workers", "2"]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    while not any((output / "parts").glob("*/*/*.jsonl")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    # The workers may not have heard of it yet: both write, to one folder.
    assert score(served, files, output).answered == 800
    assert set(read(output / "answers")) == ids(4, 200)

import json

import pytest

from tf_adapters import storage
from tf_adapters.scoring.progress import Progress
from tf_adapters.scoring.questions import Chunk
from tf_adapters.scoring.results import Results
from tf_adapters.scoring.shards import Shard

SHARD = Shard("/rows/a.tsv", "a.tsv", "tsv", 9, "9-1")


@pytest.fixture(params=["local", "store"])
def results(request, tmp_path, object_store):
    root = tmp_path if request.param == "local" else object_store.root
    return Results(str(root / "out"))


def write(results, number, is_last=False, shard=SHARD, rejected=()):
    chunk = Chunk(shard, number, is_last)
    rejected = [{"row": row, "reason": "r"} for row in rejected]
    results.write_part(chunk, [{"row": number}], rejected)
    results.finish_if_whole(shard)


def lines(results, kind, shard=SHARD):
    path = storage.as_path(results.folder) / kind / f"{shard.name}.jsonl"
    if not path.exists():
        return None
    text = path.read_bytes().decode()
    return [json.loads(line)["row"] for line in text.splitlines()]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_parts_are_joined_in_order_when_none_is_missing(results, order):
    for number in order:
        assert not results.is_finished(SHARD)
        assert lines(results, "answers") is None
        write(
            results, number, number == 2, rejected=[number + 7] * (number < 2)
        )
    assert results.counts(SHARD) == {"answered": 3, "rejected": 2}
    assert lines(results, "answers") == [0, 1, 2]
    assert lines(results, "rejected") == [7, 8]
    assert results.parts(SHARD) == set()


def test_nobody_needs_to_have_been_rejected(results):
    write(results, 0, is_last=True)
    assert results.counts(SHARD) == {"answered": 1, "rejected": 0}
    assert lines(results, "rejected") is None


def test_a_part_written_twice_is_there_once(results):
    write(results, 1, is_last=True)
    write(results, 1, is_last=True)
    write(results, 0)
    # A worker that was thought dead.
    write(results, 0)
    assert lines(results, "answers") == [0, 1]


def test_what_is_written_is_known_to_the_next_run(results):
    write(results, 0)
    write(results, 2, is_last=True)
    assert Results(results.folder).parts(SHARD) == {0, 2}


def test_a_file_that_has_changed_starts_anew(results):
    changed = Shard("/rows/a.tsv", "a.tsv", "tsv", 9, "9-2")
    write(results, 0, is_last=True, rejected=[5])
    assert not results.is_finished(changed)
    write(results, 1, is_last=True, shard=changed)
    assert results.parts(changed) == {1}
    write(results, 0, shard=changed)
    assert lines(results, "answers") == [0, 1]
    assert lines(results, "rejected") is None


def test_whoever_loses_the_race_to_join_is_content(results, monkeypatch):
    write(results, 0)
    there = Results._parts
    overtaken = []

    def overtake(self, shard):
        found = there(self, shard)
        if len(found) == 2 and not overtaken:
            overtaken.append(True)
            self.finish_if_whole(shard)
        return found

    monkeypatch.setattr(Results, "_parts", overtake)
    write(results, 1, is_last=True)
    assert overtaken and lines(results, "answers") == [0, 1]


def test_files_of_one_name_do_not_replace_one_another(results):
    other = Shard("/other/a.tsv", "a.tsv", "tsv", 9, "9-1-b")
    results.check_paths([SHARD, other])
    write(results, 0, is_last=True)
    results.check_paths([SHARD])
    with pytest.raises(ValueError, match="'/other/a.tsv' for .*'/rows/a.tsv'"):
        results.check_paths([other])


@pytest.mark.parametrize("is_last", [False, True])
def test_a_folder_is_of_one_run(results, is_last):
    results.claim({"model": "a", "chunk_rows": 2})
    write(results, 0, is_last)
    results.claim({"model": "a", "chunk_rows": 2})
    with pytest.raises(ValueError, match="model was 'a' and is 'b'. Write"):
        results.claim({"model": "b", "chunk_rows": 2})


def test_settings_with_which_nothing_was_read_bind_nobody(results):
    """As those of a command with a mistake, which failed for every file."""
    results.claim({"model": "a", "text_columns": ["txt"]})
    results.fail(SHARD, "no column 'txt'")
    results.claim({"model": "a", "text_columns": ["text"]})
    write(results, 0)
    results.claim({"model": "a", "text_columns": ["text"]})
    with pytest.raises(ValueError, match="text_columns was"):
        results.claim({"model": "a", "text_columns": ["txt"]})


def test_failures_are_told_until_they_are_forgotten(results):
    assert results.failures() == {}
    results.fail(SHARD, "no file")
    assert results.failures() == {"a.tsv": "no file"}
    results.forget_failures()
    assert results.failures() == {}


def test_what_killed_workers_left_is_tidied_away(tmp_path):
    results = Results(str(tmp_path))
    other = Shard("/rows/b.tsv", "b.tsv", "tsv", 5, "5-1")
    write(results, 0)
    write(results, 0, shard=other)
    left, written = (
        tmp_path / "answers" / f".{name}.tsv.jsonl.{'0' * 32}.new"
        for name in "ab"
    )
    storage.write_whole(left, b"half")
    # By a run beside this one.
    storage.write_whole(written, b"half")
    results.tidy([SHARD])
    assert not left.exists() and results.names("parts") == {"b.tsv"}
    assert written.exists()
    results.tidy([SHARD, other])
    assert not written.exists() and results.names("parts") == set()


@pytest.mark.parametrize("folder", ["parts", "answers"])
def test_what_another_run_has_finished_meanwhile_is_not_missed(
    tmp_path, monkeypatch, folder
):
    """It removes what is being written, or tidies it away."""
    results, flush, is_over = Results(str(tmp_path)), storage._flush, []

    def overtaken(path):
        if folder in path.parts and path.suffix == ".new" and not is_over:
            is_over.append(True)
            for number in range(2):
                write(results, number, is_last=number == 1)
            results.tidy([SHARD])
        flush(path)

    write(results, 0)
    monkeypatch.setattr(storage, "_flush", overtaken)
    write(results, 1, is_last=True)
    assert is_over and lines(results, "answers") == [0, 1]


def test_a_part_that_cannot_be_written_is_an_error(results, monkeypatch):
    def fail(*args):
        raise OSError("No space left")

    monkeypatch.setattr(storage, "write_whole", fail)
    with pytest.raises(OSError, match="No space"):
        results.write_part(Chunk(SHARD, 0), [], [])


def test_parts_that_cannot_be_removed_yet_are_let_be(results, monkeypatch):
    """Another run writes there while they are removed."""

    def fail(folder):
        raise OSError("Directory not empty")

    monkeypatch.setattr(storage, "remove_folder", fail)
    write(results, 0, is_last=True)
    results.tidy([SHARD])
    assert lines(results, "answers") == [0]


def test_failures_may_be_noted_while_others_are_forgotten(tmp_path):
    results = Results(str(tmp_path))
    results.fail(SHARD, "no file")
    written = tmp_path / "failed" / f".b.tsv.json.{'0' * 32}.new"
    storage.write_whole(written, b"{")
    assert results.failures() == {"a.tsv": "no file"}
    results.forget_failures()
    assert results.failures() == {} and written.exists()


def test_rows_a_second_are_counted_from_when_they_come(tmp_path, monkeypatch):
    seconds = iter([0.0, 100.0, 110.0])
    monkeypatch.setattr("time.monotonic", lambda: next(seconds))
    results = Results(str(tmp_path))
    progress = Progress(results, [SHARD], chunk_rows=50)
    assert progress.line() == "0 of 1 files, 0 rows, 0 rows a second"
    write(results, 0)
    assert progress.line() == "0 of 1 files, 50 rows, 5 rows a second"


def test_progress_counts_finished_files_and_written_parts(results):
    other = Shard("/rows/b.tsv", "b.tsv", "tsv", 5, "5-1")
    progress = Progress(results, [SHARD, other], chunk_rows=10)
    assert progress.line().startswith("0 of 2 files, 0 rows, 0 rows a second")
    write(results, 0, is_last=True, rejected=[5, 6])
    write(results, 3, shard=other)
    assert progress.line().startswith("1 of 2 files, 13 rows, ")
    again = Progress(results, [SHARD, other], chunk_rows=10)
    assert again.line() == "1 of 2 files, 13 rows, 0 rows a second"

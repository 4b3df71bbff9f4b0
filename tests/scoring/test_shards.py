import os

import pytest

from tf_adapters.scoring.shards import find_shards


@pytest.fixture
def write(tmp_path):
    def write(name, size=1):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * size)
        return str(path)

    return write


def test_the_largest_comes_first_and_each_once(write, tmp_path):
    small, large = write("a.tsv", 1), write("b.jsonl.gz", 3)
    write("c.txt")
    found = find_shards([f"{tmp_path}/*.tsv", small, large])
    assert [shard.path for shard in found] == [large, small]
    assert [shard.name for shard in found] == ["b.jsonl.gz", "a.tsv"]
    assert [shard.file_format for shard in found] == ["jsonl", "tsv"]
    assert [shard.size for shard in found] == [3, 1]


def test_a_format_may_be_given(write):
    [shard] = find_shards([write("rows.txt")], "csv")
    assert shard.file_format == "csv"


@pytest.mark.parametrize("change", ["size", "time"])
def test_a_file_that_has_changed_has_another_stamp(write, change):
    path = write("a.tsv")
    [before] = find_shards([path])
    if change == "size":
        time = os.stat(path).st_mtime
        write("a.tsv", 2)
        os.utime(path, (time, time))
    else:
        os.utime(path, (1e9, 1e9))
    assert find_shards([path])[0].stamp != before.stamp


def test_files_of_one_name_have_stamps_of_their_own(write):
    """Also where `rsync -t` gave both the same time."""
    paths = [write("day1/a.tsv"), write("day2/a.tsv")]
    for path in paths:
        os.utime(path, (1e9, 1e9))
    [first], [second] = (find_shards([path]) for path in paths)
    assert first.stamp != second.stamp


def test_one_name_twice_is_refused(write, tmp_path):
    write("a/rows.tsv"), write("b/rows.tsv")
    with pytest.raises(ValueError, match="a/rows.tsv' and '.*b/rows.tsv'"):
        find_shards([f"{tmp_path}/*/*.tsv"])


def test_a_name_that_tells_no_format_is_refused(write):
    with pytest.raises(ValueError, match=r"\.tsv, \.csv.*rows\.txt"):
        find_shards([write("rows.txt")])


@pytest.mark.parametrize("pattern", ["{}/*.tsv", "{}/a.tsv"])
def test_a_pattern_that_finds_nothing_is_refused(tmp_path, pattern):
    with pytest.raises(FileNotFoundError, match=r"must (find|exist)"):
        find_shards([pattern.format(tmp_path)])


def test_files_may_be_in_an_object_store(object_store, monkeypatch):
    class Stat:
        length, mtime = 4, 1700000000.5

    path = object_store.root / "rows.tsv"
    path.write_bytes(b"a\nx\n")
    monkeypatch.setattr(type(path), "stat", lambda self: Stat, raising=False)
    [shard] = find_shards([f"{object_store.root}/*.tsv"])
    assert shard.path == str(path)
    assert shard.stamp.startswith("4-1700000000-")

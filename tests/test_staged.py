"""Several writers of one folder, some of which are killed."""

import fcntl
import shutil
import subprocess
import sys

import pytest

from tf_adapters import staged
from tf_adapters import storage

KILLED = """
import os, pathlib, sys
from tf_adapters import storage
with storage.whole_folder(pathlib.Path(sys.argv[1]), "last") as folder:
    (folder / "last").write_bytes(b"half")
    os._exit(9)
"""


def names(folder):
    return [path.name for path in storage.listed(folder)]


def test_a_writer_leaves_alone_what_another_is_writing(tmp_path):
    target = tmp_path / "1"
    with pytest.raises(FileExistsError, match="must be new.*meanwhile"):
        with storage.whole_folder(target, "last") as first:
            (first / "last").write_bytes(b"first")
            with storage.whole_folder(target, "last") as second:
                assert (first / "last").read_bytes() == b"first"
                (second / "last").write_bytes(b"second")
            assert (first / "last").read_bytes() == b"first"
    # Who is done first has the name.
    assert names(tmp_path) == ["1"]
    assert (target / "last").read_bytes() == b"second"


def test_what_a_process_left_when_it_was_killed_goes(tmp_path):
    target = tmp_path / "1"
    code = [sys.executable, "-c", KILLED, str(target)]
    assert subprocess.run(code, check=False).returncode == 9
    [left] = names(tmp_path)
    with storage.whole_folder(target, "last") as folder:
        assert left not in names(tmp_path)
        (folder / "last").write_bytes(b"whole")
    assert names(tmp_path) == ["1"]


def test_a_folder_that_was_removed_before_it_was_held_is_made_anew(
    tmp_path, monkeypatch
):
    lock, removed = fcntl.flock, []

    def flock(*arguments):
        if not removed:
            [path] = tmp_path.iterdir()
            shutil.rmtree(path)
            removed.append(path)
        lock(*arguments)

    monkeypatch.setattr(fcntl, "flock", flock)
    with staged.staged_folder(tmp_path / "1") as folder:
        assert removed and folder.is_dir()


def test_without_locks_nothing_of_others_goes(tmp_path, monkeypatch):
    other = staged.beside(tmp_path / "1", "new")
    other.mkdir()

    def flock(*_):
        raise OSError("No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    with storage.whole_folder(tmp_path / "1", "last") as folder:
        (folder / "last").write_bytes(b"")
    assert names(tmp_path) == [other.name, "1"]

"""What is written is there whole, on this machine and in an object store."""

import itertools
import os
import pathlib

import pytest
from etils import epath

from tests.object_store import Killed
from tests.object_store import StoredPath
from tf_adapters import storage


@pytest.fixture(params=["local", "store"])
def root(request, tmp_path, object_store):
    """A folder here, and one in an object store."""
    return tmp_path if request.param == "local" else object_store.root


def names(folder):
    return [path.name for path in storage.listed(folder)]


@pytest.mark.parametrize(
    "path", ["a/b", pathlib.Path("a/b"), epath.Path("a/b")], ids=type
)
def test_a_local_path_is_that_of_pathlib(path):
    found = storage.as_path(path)
    assert found == pathlib.Path("a/b")
    assert isinstance(found, pathlib.Path)
    assert storage.is_local(found)


@pytest.mark.parametrize("path", ["gs://bucket/a/b", "ram://bucket/a/b"])
def test_a_path_elsewhere_keeps_its_scheme(path):
    for given in (path, epath.Path(path)):
        found = storage.as_path(given)
        assert not storage.is_local(found)
        assert str(found) == path
        assert str(found.parent / "c") == path[:-1] + "c"


def test_a_scheme_that_nobody_knows_is_refused():
    message = "Received: 'gcs://a', with the scheme 'gcs://'. Write a local"
    with pytest.raises(ValueError, match=message):
        storage.as_path("gcs://a")


@pytest.mark.parametrize(
    "path, expected",
    [
        ("b", "{}/b"),
        ("/b", "/b"),
        ("gs://bucket/b", "gs://bucket/b"),
    ],
)
def test_what_is_absolute_is_within_no_folder(root, path, expected):
    found = storage.within(root / "a", path)
    assert str(found) == expected.format(root / "a")


def test_what_is_in_a_folder_is_sorted(root):
    assert storage.listed(root / "none") == []
    for name in ("b~", "c", "a"):
        storage.write_whole(root / name, b"")
    assert storage.listed(root) == [root / "a", root / "b~", root / "c"]


def test_a_folder_that_goes_while_it_is_listed_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(pathlib.Path, "is_dir", lambda path: True)
    assert storage.listed(tmp_path / "gone") == []


def test_a_file_takes_the_place_of_another(root):
    path = root / "deep" / "file.txt"
    for data in (b"longer", b"\xc3\xa9\r\n"):
        storage.write_whole(path, data)
        assert path.read_bytes() == data
    assert names(path.parent) == ["file.txt"]


@pytest.mark.parametrize("place", ["fsync", "replace"])
def test_a_file_that_cannot_be_written_stays_as_it_was(
    tmp_path, monkeypatch, place
):
    storage.write_whole(tmp_path / "file", b"old")

    def fail(*_):
        raise OSError("No space left on device")

    owner = os if place == "fsync" else pathlib.Path
    monkeypatch.setattr(owner, place, fail)
    with pytest.raises(OSError, match="No space left"):
        storage.write_whole(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_an_object_that_cannot_be_written_stays_as_it_was(object_store):
    path = object_store.root / "file"
    storage.write_whole(path, b"old")
    assert object_store.interrupts(
        lambda: storage.write_whole(path, b"new"), changes=0
    )
    assert object_store.contents() == {"file": b"old"}


def write(target, value=b"", replace=False):
    """Writes a folder whose files all hold `value`."""
    with storage.whole_folder(target, "last", replace) as staged:
        (staged / "deep").mkdir()
        for name in ("deep/b", "last", "z"):
            (staged / name).write_bytes(value)


def read(target):
    """Returns the values in a folder as its readers take it."""
    if not (target / "last").exists():
        return None
    files = [target / name for name in ("deep/b", "last", "z")]
    return {path.read_bytes() for path in files}


def test_a_folder_appears_at_the_end(root):
    target = root / "models" / "1"
    with storage.whole_folder(target, "last") as staged:
        (staged / "last").write_bytes(b"a")
        assert not target.exists()
    assert names(root / "models") == ["1"]
    assert (target / "last").read_bytes() == b"a"


def test_here_it_is_staged_beside_its_place_under_a_hidden_name(tmp_path):
    with storage.whole_folder(tmp_path / "1", "last") as staged:
        # TF Serving skips what is not a number.
        assert staged.name[0] == "." and staged.parent == tmp_path


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_of_the_writer_leaves_nothing(root, error):
    with pytest.raises(error):
        with storage.whole_folder(root / "models" / "1", "last") as staged:
            (staged / "last").write_bytes(b"a")
            raise error
    assert names(root) == []


def test_an_error_leaves_what_is_beside_it(root):
    write(root / "1", b"1")
    with pytest.raises(RuntimeError):
        with storage.whole_folder(root / "2", "last"):
            raise RuntimeError
    assert names(root) == ["1"]


def test_a_folder_that_appeared_meanwhile_is_left_alone(root):
    with pytest.raises(OSError):
        with storage.whole_folder(root / "1", "last") as staged:
            (staged / "last").write_bytes(b"ours")
            storage.write_whole(root / "1" / "last", b"theirs")
    assert names(root) == ["1"]
    assert (root / "1" / "last").read_bytes() == b"theirs"


def test_a_folder_takes_the_place_of_another(root):
    storage.write_whole(root / "1" / "more", b"old")
    write(root / "1", b"new", replace=True)
    assert names(root) == ["1"]
    assert names(root / "1") == ["deep", "last", "z"]
    assert read(root / "1") == {b"new"}


def test_what_a_killed_writer_left_here_goes(tmp_path):
    left = tmp_path / f".1.{'0123456789abcdef' * 2}.new"
    others = tmp_path / f".1.5.{'0123456789abcdef' * 2}.new"
    for path in (left, others):
        path.mkdir()
        (path / "half").write_bytes(b"")
    write(tmp_path / "1")
    assert names(tmp_path) == [others.name, "1"]


@pytest.mark.parametrize("is_there", [False, True])
def test_an_error_here_at_any_step_leaves_what_was_there(
    tmp_path, monkeypatch, is_there
):
    """The steps are each flush and each rename."""
    for steps in itertools.count():
        parent = tmp_path / str(steps) / "models"
        target = parent / "1"
        if is_there:
            write(target, b"old")
        left = itertools.count(steps, -1)

        def step(original, left=left):
            def call(*arguments):
                if next(left) == 0:
                    raise OSError("No space left on device")
                return original(*arguments)

            return call

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", step(os.fsync))
            patch.setattr(pathlib.Path, "rename", step(pathlib.Path.rename))
            try:
                write(target, b"new", replace=True)
            except OSError:
                pass
            else:
                break
        if steps < 6 + is_there:
            assert read(target) == ({b"old"} if is_there else None)
            assert names(parent) == ["1"] * is_there
            assert parent.exists() == is_there
        else:
            # Only that it lasts could not be made sure of.
            assert read(target) == {b"new"}
    # Three files, two folders, one or two renames, and the parent.
    assert steps == 7 + is_there
    assert names(parent) == ["1"]


@pytest.mark.parametrize("error", [Killed, OSError])
@pytest.mark.parametrize("is_there", [False, True])
def test_no_reader_of_a_store_takes_half_a_folder(
    object_store, error, is_there
):
    """The changes are each file that is written and each that is removed."""
    target = object_store.root / "1"
    for changes in itertools.count():
        storage.remove_folder(target)
        if is_there:
            write(target, b"old")
        interrupted = object_store.interrupts(
            lambda: write(target, b"new", replace=True), changes, error
        )
        if not interrupted:
            break
        old = {b"old"} if is_there and changes == 0 else None
        assert read(target) == old
        if error is OSError and not old:
            # Who is not killed tidies up.
            assert changes < 3 * is_there or not target.exists()
        # The next one writes it whole, whatever is left.
        write(target, b"newer", replace=True)
        assert read(target) == {b"newer"}
    assert changes == 3 + 3 * is_there
    assert read(target) == {b"new"}


def test_a_folder_in_a_store_goes_by_the_file_that_makes_it_valid(object_store):
    target = object_store.root / "1"
    for changes in range(3):
        write(target, b"old", replace=True)
        assert object_store.interrupts(
            lambda: storage.remove_folder(target, first="last"), changes
        )
        assert read(target) == ({b"old"} if changes == 0 else None)
    storage.remove_folder(target, first="last")
    assert names(object_store.root) == []
    storage.remove_folder(target, first="last")


def test_the_store_has_no_rename(object_store):
    """Or these tests would show nothing."""
    with pytest.raises(NotImplementedError):
        StoredPath("ram://a").rename("ram://b")


@pytest.mark.parametrize(
    "pattern, expected",
    [
        ("{}/*/rows.*", ["a/rows.csv", "a/rows.tsv", "b/rows.tsv"]),
        ("{}/a/*.tsv", ["a/rows.tsv"]),
        ("{}/a/rows.tsv", ["a/rows.tsv"]),
        ("{}/c/*", []),
    ],
)
def test_a_pattern_finds_what_is_whole(root, pattern, expected):
    for name in ("a/rows.tsv", "a/rows.csv", "b/rows.tsv", "a/.rows.tsv"):
        storage.write_whole(root / name, b"x")
    found = storage.matching(pattern.format(root))
    assert [str(path) for path in found] == [f"{root}/{e}" for e in expected]


def test_a_file_is_there_when_its_writer_is_done(root):
    with storage.whole_file(root / "folder" / "a") as file:
        file.write(b"one ")
        file.write(b"two")
        assert not (root / "folder" / "a").exists()
    assert (root / "folder" / "a").read_bytes() == b"one two"


def test_a_writer_that_fails_leaves_the_file_that_was_there(root):
    storage.write_whole(root / "a", b"old")
    with pytest.raises(KeyError):
        with storage.whole_file(root / "a") as file:
            file.write(b"new")
            raise KeyError
    assert (root / "a").read_bytes() == b"old"
    assert names(root) == ["a"]


def test_what_a_killed_writer_of_a_file_left_can_be_removed(tmp_path):
    with storage.whole_file(tmp_path / "a"):
        [staged] = names(tmp_path)
    storage.write_whole(tmp_path / "a", b"x")
    (tmp_path / staged).write_bytes(b"half")
    (tmp_path / ".other.new").write_bytes(b"x")
    storage.remove_unfinished(tmp_path, {"b", ".other.new"})
    assert names(tmp_path) == sorted([".other.new", "a", staged])
    storage.remove_unfinished(tmp_path, {"a"})
    assert names(tmp_path) == [".other.new", "a"]

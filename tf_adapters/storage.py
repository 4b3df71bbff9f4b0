"""Where files are, and how they are written whole.

On this machine a file or folder is written beside its place and renamed. An
object store, such as `gs://`, has no rename of a folder that happens at once,
but an object in it is there whole or not at all.
"""

import contextlib
import fnmatch
import glob
import os
import pathlib
import re
import shutil
import tempfile
from collections.abc import Collection
from collections.abc import Iterator
from typing import BinaryIO

from etils import epath

from tf_adapters.staged import beside
from tf_adapters.staged import staged_folder

Path = pathlib.Path | epath.Path


def as_path(path: str | os.PathLike[str]) -> Path:
    """Returns a path that knows its file system.

    Args:
        path: a local path, or one that `etils.epath` opens, such as
            `gs://bucket/folder`.

    Returns:
        A `pathlib.Path` if it is local, else an `epath.Path`.

    Raises:
        ValueError: if no file system is known by its scheme.
    """
    text = os.fspath(path)
    if "://" not in text:
        return pathlib.Path(text)
    try:
        return epath.Path(text)
    except KeyError as error:
        raise ValueError(
            "A path must be local or on a file system that `etils.epath` "
            f"knows. Received: {text!r}, with the scheme {error}. Write a "
            "local path, or one such as gs://bucket/folder."
        ) from None


def is_local(path: Path) -> bool:
    """Whether a path that `as_path` returned is on this machine."""
    return isinstance(path, pathlib.Path)


def within(folder: Path, path: str) -> Path:
    """Returns `path`, which is relative to `folder` unless it is absolute."""
    is_absolute = "://" in path or os.path.isabs(path)
    return as_path(path) if is_absolute else folder / path


def listed(folder: Path) -> list[Path]:
    """Returns what is in a folder, sorted; nothing if there is no folder."""
    # Another process may remove it meanwhile.
    with contextlib.suppress(FileNotFoundError):
        if folder.is_dir():
            return sorted(folder.iterdir())
    return []


def matching(pattern: str) -> list[Path]:
    """Returns what a pattern finds, on any file system, sorted.

    Args:
        pattern: such as `runs/*/bundles/*`, or `gs://bucket/rows/*.tsv`. What
            has a hidden name is being written, and is not found.
    """
    parts = pattern.split("/")
    first = next(
        (i for i, part in enumerate(parts) if glob.has_magic(part)),
        len(parts) - 1,
    )
    root = "/".join(parts[:first]) or ("/" if pattern.startswith("/") else ".")
    return _expanded(as_path(root), parts[first:])


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all, in the place of one that is there.

    Args:
        path: where to. Its folder is created.
        data: what it shall hold.

    Raises:
        OSError: if it cannot be written, as on a full disk. What was there
            before is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not is_local(path):
        path.write_bytes(data)
        return
    with whole_file(path) as file:
        file.write(data)


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Gives a file to write to that becomes `path` if all goes well.

    Args:
        path: where to. Its folder is created.

    Returns:
        A context of a binary file.

    Raises:
        OSError: if it cannot be written. What was there before is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not is_local(path):
        with tempfile.TemporaryFile() as file:
            yield file
            file.seek(0)
            with path.open("wb") as target:
                shutil.copyfileobj(file, target)
        return
    staged = beside(path, "new")
    try:
        with staged.open("wb") as file:
            yield file
        _flush(staged)
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)
    _flush(path.parent)


def remove_unfinished(folder: Path, names: Collection[str]) -> None:
    """Removes what killed writers of files left beside those of a folder.

    Args:
        folder: a folder.
        names: the names of files that nobody writes any more.
    """
    if not is_local(folder):
        return
    for path in listed(folder):
        staged = re.fullmatch(r"\.(.+)\.[0-9a-f]{32}\.new", path.name)
        if staged and staged[1] in names:
            path.unlink(missing_ok=True)


def whole_folder(
    target: Path, last: str, replace: bool = False
) -> contextlib.AbstractContextManager[pathlib.Path]:
    """Gives a local folder to write in that becomes `target` if all goes well.

    Args:
        target: the folder to create.
        last: name of the file without which no reader takes the folder. Where
            a folder cannot be renamed, it is copied after the others.
        replace: bool. Whether a folder that is there gives way. Where it
            cannot be renamed, it is gone if the copying is cut short. Defaults
            to `False`.

    Returns:
        A context of the folder, which on this machine is next to `target`,
        under a hidden name. Of several writers of one `target`, the first
        that is done has it. On this machine none disturbs another, as
        `staged_folder` says; elsewhere two that copy at the same time mix
        their files.

    Raises:
        FileExistsError: if `target` is there and may not be replaced.
        OSError: if it cannot be written.
    """
    if is_local(target):
        return _renamed(target, replace)
    return _copied(target, last, replace)


def copy_folder(source: Path, target: pathlib.Path) -> None:
    """Copies the files of a folder into a local one that is there.

    Args:
        source: where from, with all that is in it.
        target: where to.
    """
    for entry in listed(source):
        if entry.is_dir():
            (target / entry.name).mkdir()
            copy_folder(entry, target / entry.name)
        else:
            (target / entry.name).write_bytes(entry.read_bytes())


def remove_folder(folder: Path, first: str = "") -> None:
    """Removes a folder, if it is there, with what is in it.

    Args:
        folder: what is removed.
        first: name of the file without which no reader takes the folder,
            removed before the others. Defaults to none.
    """
    if first:
        (folder / first).unlink(missing_ok=True)
    if not is_local(folder):
        folder.rmtree(missing_ok=True)
    elif folder.exists():
        shutil.rmtree(folder)


@contextlib.contextmanager
def _renamed(target: pathlib.Path, replace: bool) -> Iterator[pathlib.Path]:
    parent_is_new = not target.parent.exists()
    target.parent.mkdir(parents=True, exist_ok=True)
    replaced = beside(target, "old")
    try:
        with staged_folder(target) as staged:
            yield staged
            for path in [*staged.rglob("*"), staged]:
                _flush(path)
            # A folder that is not empty cannot be replaced in one step: the
            # old one steps aside first, and comes back if the new one cannot.
            if replace and target.exists():
                target.rename(replaced)
            try:
                staged.rename(target)
            except OSError as error:
                _check_new(target, error)
                raise
    except BaseException:
        if replaced.exists():
            replaced.rename(target)
        if parent_is_new:
            # Another process may have written there.
            with contextlib.suppress(OSError):
                target.parent.rmdir()
        raise
    _flush(target.parent)
    shutil.rmtree(replaced, ignore_errors=True)


@contextlib.contextmanager
def _copied(
    target: epath.Path, last: str, replace: bool
) -> Iterator[pathlib.Path]:
    with tempfile.TemporaryDirectory() as folder:
        staged = pathlib.Path(folder)
        yield staged
        if replace:
            remove_folder(target, first=last)
        else:
            _check_new(target)
        files = [path for path in sorted(staged.rglob("*")) if path.is_file()]
        try:
            for path in sorted(files, key=lambda path: path == staged / last):
                place = target.joinpath(*path.relative_to(staged).parts)
                write_whole(place, path.read_bytes())
        except BaseException:
            # Without `last` no reader takes it; what is left is only litter.
            with contextlib.suppress(Exception):
                remove_folder(target, first=last)
            raise


def _check_new(target: Path, error: OSError | None = None) -> None:
    if target.exists():
        raise FileExistsError(
            "A folder must be new when it is put in its place, because none "
            f"is overwritten. Received: {str(target)!r}, which was written "
            "meanwhile. Write under another name, such as the next version."
        ) from error


def _expanded(root: Path, parts: list[str]) -> list[Path]:
    if not parts:
        return [root]
    part, *others = parts
    if not glob.has_magic(part):
        return _expanded(root / part, others)
    return [
        found
        for entry in listed(root)
        if not entry.name.startswith(".")
        and fnmatch.fnmatchcase(entry.name, part)
        for found in _expanded(entry, others)
    ]


def _flush(path: pathlib.Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

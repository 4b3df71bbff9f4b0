"""Folders of this machine that are written under a hidden name first.

Whoever writes one holds a lock on it, which ends with its process. So a folder
that nobody holds is one that a killed writer left.
"""

import contextlib
import fcntl
import os
import pathlib
import re
import shutil
import uuid
from collections.abc import Iterator


def beside(path: pathlib.Path, suffix: str) -> pathlib.Path:
    """Returns a hidden name next to `path` that nothing else has.

    Args:
        path: what it is for.
        suffix: str, such as `"new"`, that the name ends with.
    """
    return path.with_name(f".{path.name}.{uuid.uuid4().hex}.{suffix}")


@contextlib.contextmanager
def staged_folder(target: pathlib.Path) -> Iterator[pathlib.Path]:
    """Gives an empty folder next to `target`, to be renamed when it is full.

    What killed writers of `target` left is removed, and what others write at
    this time is not. Where a file system has no locks, as some networks have
    none, nothing of theirs is removed.

    Args:
        target: what it will be called. Its parent is there.

    Returns:
        A context of the folder. If it was not renamed, it goes.

    Raises:
        OSError: if no folder can be made there.
    """
    pattern = rf"\.{re.escape(target.name)}\.[0-9a-f]{{32}}\.new"
    for path in target.parent.iterdir():
        if re.fullmatch(pattern, path.name):
            _remove_unless_held(path)
    folder, held = _make(target)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def _make(target: pathlib.Path) -> tuple[pathlib.Path, int]:
    while True:
        folder = beside(target, "new")
        folder.mkdir()
        try:
            held = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:
            continue
        with contextlib.suppress(OSError):
            fcntl.flock(held, fcntl.LOCK_EX)
        # Before it was held, another writer may have taken it for one left.
        if folder.exists():
            return folder, held
        os.close(held)


def _remove_unless_held(folder: pathlib.Path) -> None:
    # It may also have gone meanwhile, or into its place.
    with contextlib.suppress(OSError):
        held = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(held)

"""The last states of a run on disk, from which it goes on after a kill."""

import dataclasses
import hashlib
import json
import os
import pathlib
import shutil
import warnings
from typing import Any

import numpy as np
import safetensors.numpy

_ARRAYS, _NOTES, _DIGEST = "state.safetensors", "state.json", "sha256"
_KEPT = 2


@dataclasses.dataclass(frozen=True, eq=False)
class RunState:
    """All that training has changed until a step.

    Attributes:
        step: int. Steps that are done.
        arrays: dict from a name to an array.
        notes: dict of what JSON can hold.
    """

    step: int
    arrays: dict[str, np.ndarray]
    notes: dict[str, Any]


class StopTraining(Exception):
    """Ends a run that can go on from its last checkpoint."""


def save_state(folder: pathlib.Path, state: RunState) -> None:
    """Writes a state, whole or not at all, and removes all but the last two.

    Args:
        folder: that of the checkpoints of a run; made if there is none.
        state: what is written, as `step-<number>/` in it.

    Raises:
        OSError: if it cannot be written, as on a full disk. The states before
            are still there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for later in _folders(folder):
        # It was damaged, or the run would have gone on from it.
        if later > _folder_of(folder, state.step):
            shutil.rmtree(later)
    staged = folder / ".writing"
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir()
    try:
        arrays = safetensors.numpy.save(state.arrays)
        notes = json.dumps({"step": state.step, **state.notes}).encode()
        _write(staged / _ARRAYS, arrays)
        _write(staged / _NOTES, notes)
        _write(staged / _DIGEST, _digest(arrays, notes))
        target = _folder_of(folder, state.step)
        shutil.rmtree(target, ignore_errors=True)
        staged.rename(target)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    for old in _folders(folder)[:-_KEPT]:
        shutil.rmtree(old)


def last_state(folder: pathlib.Path) -> RunState | None:
    """Reads the last state that is whole.

    Args:
        folder: that of the checkpoints of a run.

    Returns:
        A `RunState`, or `None` if there is none.

    Warns:
        UserWarning: if a later one is damaged and the one before it is taken.
    """
    for path in reversed(_folders(folder)):
        try:
            return _read(path)
        except (OSError, ValueError) as error:
            warnings.warn(
                f"The checkpoint `{path}` is damaged ({error}) and left out. "
                "The one before it is taken, if there is one.",
                stacklevel=2,
            )
    return None


def _read(path: pathlib.Path) -> RunState:
    arrays, notes = (path / _ARRAYS).read_bytes(), (path / _NOTES).read_bytes()
    if _digest(arrays, notes) != (path / _DIGEST).read_bytes():
        raise ValueError("it is not what was written")
    found = json.loads(notes)
    return RunState(found.pop("step"), safetensors.numpy.load(arrays), found)


def _digest(arrays: bytes, notes: bytes) -> bytes:
    digest = hashlib.sha256(arrays)
    digest.update(notes)
    return digest.hexdigest().encode()


def _write(path: pathlib.Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _folders(folder: pathlib.Path) -> list[pathlib.Path]:
    # Numbers of one length, so that names sort as they do.
    return sorted(folder.glob("step-*"))


def _folder_of(folder: pathlib.Path, step: int) -> pathlib.Path:
    return folder / f"step-{step:010d}"

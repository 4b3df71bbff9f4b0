"""The last states of a run on disk, from which it goes on after a kill."""

import dataclasses
import hashlib
import json
import warnings
from typing import Any

import numpy as np
import safetensors.numpy

from tf_adapters import storage

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


def save_state(folder: storage.Path, state: RunState) -> None:
    """Writes a state, whole or not at all, and removes all but the last two.

    Args:
        folder: that of the checkpoints of a run; made if there is none.
        state: what is written, as `step-<number>/` in it.

    Raises:
        OSError: if it cannot be written, as on a full disk. The states before
            are still there.
    """
    target = _folder_of(folder, state.step)
    for path in storage.listed(folder):
        # A later one was damaged, or the run would have gone on from it. What
        # has no digest a killed run was writing.
        is_half = not (path / _DIGEST).exists()
        if path.is_dir() and (is_half or path > target):
            storage.remove_folder(path)
    arrays = safetensors.numpy.save(state.arrays)
    notes = json.dumps({"step": state.step, **state.notes}).encode()
    with storage.whole_folder(target, last=_DIGEST, replace=True) as staged:
        (staged / _ARRAYS).write_bytes(arrays)
        (staged / _NOTES).write_bytes(notes)
        (staged / _DIGEST).write_bytes(_digest(arrays, notes))
    for old in _folders(folder)[:-_KEPT]:
        storage.remove_folder(old, first=_DIGEST)


def last_state(folder: storage.Path) -> RunState | None:
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


def _read(path: storage.Path) -> RunState:
    arrays, notes = (path / _ARRAYS).read_bytes(), (path / _NOTES).read_bytes()
    if _digest(arrays, notes) != (path / _DIGEST).read_bytes():
        raise ValueError("it is not what was written")
    found = json.loads(notes)
    return RunState(found.pop("step"), safetensors.numpy.load(arrays), found)


def _digest(arrays: bytes, notes: bytes) -> bytes:
    digest = hashlib.sha256(arrays)
    digest.update(notes)
    return digest.hexdigest().encode()


def _folders(folder: storage.Path) -> list[storage.Path]:
    # Numbers of one length, so that names sort as they do.
    found = storage.listed(folder)
    return [path for path in found if path.name.startswith("step-")]


def _folder_of(folder: storage.Path, step: int) -> storage.Path:
    return folder / f"step-{step:010d}"

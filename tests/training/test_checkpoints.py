"""States on disk: whole or not there, and never a damaged one."""

import itertools
import os

import numpy as np
import pytest
import safetensors.numpy

from tests.object_store import Killed
from tf_adapters import storage
from tf_adapters.training.checkpoints import RunState
from tf_adapters.training.checkpoints import last_state
from tf_adapters.training.checkpoints import save_state


def state(step):
    arrays = {"a": np.full((2, 3), step, "float32"), "b": np.uint32([step])}
    return RunState(step, arrays, {"history": [{"loss": 0.5}]})


def test_what_is_written_is_read(tmp_path):
    save_state(tmp_path / "checkpoints", state(7))
    found = last_state(tmp_path / "checkpoints")
    assert found.step == 7
    assert found.notes == {"history": [{"loss": 0.5}]}
    for name, expected in state(7).arrays.items():
        np.testing.assert_array_equal(found.arrays[name], expected)
        assert found.arrays[name].dtype == expected.dtype


def test_there_may_be_none(tmp_path):
    assert last_state(tmp_path / "checkpoints") is None


def test_the_last_two_are_kept(tmp_path):
    for step in (9, 10, 11, 100):
        save_state(tmp_path, state(step))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["step-0000000011", "step-0000000100"]
    assert last_state(tmp_path).step == 100


def test_the_same_step_can_be_written_again(tmp_path):
    save_state(tmp_path, state(5))
    save_state(tmp_path, state(5))
    assert last_state(tmp_path).step == 5


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-1])


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [cut_short, flip_a_bit, lambda path: path.unlink()],
    ids=["cut", "flipped", "missing"],
)
@pytest.mark.parametrize("file", ["state.safetensors", "state.json", "sha256"])
def test_a_damaged_one_is_left_out_with_a_warning(tmp_path, file, damage):
    save_state(tmp_path, state(1))
    save_state(tmp_path, state(2))
    damage(tmp_path / "step-0000000002" / file)
    with pytest.warns(UserWarning, match="step-0000000002` is damaged"):
        assert last_state(tmp_path).step == 1


def test_what_was_being_written_is_not_read(tmp_path):
    save_state(tmp_path, state(1))
    half = tmp_path / ".step-0000000002.0123456789abcdef.new"
    half.mkdir()
    (half / "state.safetensors").write_bytes(
        safetensors.numpy.save(state(2).arrays)
    )
    assert last_state(tmp_path).step == 1
    save_state(tmp_path, state(3))
    assert not half.exists()


def test_a_full_disk_leaves_the_last_good_one(tmp_path, monkeypatch):
    save_state(tmp_path, state(1))

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_state(tmp_path, state(2))
    assert [path.name for path in tmp_path.iterdir()] == ["step-0000000001"]


@pytest.mark.filterwarnings("ignore:The checkpoint")
def test_a_damaged_later_one_takes_no_place(tmp_path):
    for step in (1, 2, 9):
        save_state(tmp_path, state(step))
    flip_a_bit(tmp_path / "step-0000000009" / "state.json")
    assert last_state(tmp_path).step == 2
    for step in (3, 4):
        save_state(tmp_path, state(step))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["step-0000000003", "step-0000000004"]


def names(folder):
    return [path.name for path in storage.listed(folder)]


def test_an_object_store_holds_the_last_two(object_store):
    folder = object_store.root / "checkpoints"
    assert last_state(folder) is None
    for step in (9, 10, 11, 100):
        save_state(folder, state(step))
    assert names(folder) == ["step-0000000011", "step-0000000100"]
    found = last_state(folder)
    assert found.step == 100 and found.notes == state(100).notes
    np.testing.assert_array_equal(found.arrays["a"], state(100).arrays["a"])

    digest = folder / "step-0000000100" / "sha256"
    digest.write_bytes(b"0" * 64)
    with pytest.warns(UserWarning, match="step-0000000100` is damaged"):
        assert last_state(folder).step == 11


@pytest.mark.filterwarnings("ignore:The checkpoint")
@pytest.mark.parametrize("error", [Killed, OSError])
def test_a_kill_at_any_change_leaves_a_state_in_an_object_store(
    object_store, error
):
    """The changes are three files written, and three of step 1 removed."""
    for changes in itertools.count():
        folder = object_store.root / str(changes)
        for step in (1, 2):
            save_state(folder, state(step))
        if not object_store.interrupts(
            lambda folder=folder: save_state(folder, state(3)), changes, error
        ):
            break
        assert last_state(folder).step == (2 if changes < 3 else 3)
        # What is half takes the place of no state that is whole.
        save_state(folder, state(4))
        assert last_state(folder).step == 4
        before = 2 if changes < 3 else 3
        kept = [f"step-{step:010d}" for step in (before, 4)]
        assert names(folder) == kept
    assert changes == 6

"""Whether an export is what was exported, by the digests beside it."""

import pathlib
import shutil
import subprocess

import numpy as np
import pytest

from tf_adapters.command_line.main import main
from tf_adapters.export import check_saved_model
from tf_adapters.export import export_saved_model
from tf_adapters.export.digests import FILE
from tf_adapters.export.digests import write_digests


def make(folder, seed=0):
    """Files in the places of a SavedModel: to a digest bytes are bytes."""
    random = np.random.default_rng(seed)
    for name in (
        "saved_model.pb",
        "variables/variables.index",
        "variables/variables.data-00000-of-00001",
        "assets.extra/tf_adapters.json",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(random.bytes(random.integers(50, 500)))
    write_digests(folder)
    return folder


def damage(random, folder, other):
    """Cuts, flips, swaps, removes or adds, anywhere; returns what."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    path = files[random.integers(len(files))]
    name = str(path.relative_to(folder))
    data = bytearray(path.read_bytes())
    kind = random.integers(5)
    if kind == 0:
        path.write_bytes(data[: random.integers(len(data))])
    elif kind == 1:
        data[random.integers(len(data))] ^= 1 << random.integers(8)
        path.write_bytes(data)
    elif kind == 2:
        shutil.copy(other / name, path)
    elif kind == 3:
        path.unlink()
    else:
        path.with_name("more").write_bytes(b"")
        name = str(path.with_name("more").relative_to(folder))
    return name


def test_what_was_exported_is_accepted(tmp_path):
    check_saved_model(make(tmp_path / "1"))


@pytest.mark.parametrize(
    "count", [30, pytest.param(500, marks=pytest.mark.large)]
)
def test_every_damage_is_found_and_named(tmp_path, count):
    random = np.random.default_rng(count)
    folder, other = make(tmp_path / "1"), make(tmp_path / "2", seed=1)
    for i in range(count):
        copy = pathlib.Path(shutil.copytree(folder, tmp_path / f"copy{i}"))
        name = damage(random, copy, other)
        with pytest.raises(ValueError, match="must be as|can be checked") as e:
            check_saved_model(copy)
        # What the digests say of the others is wrong if it is they.
        assert name in str(e.value) or name == FILE
        shutil.rmtree(copy)


@pytest.mark.parametrize(
    "change, message",
    [
        (
            lambda folder: (folder / "saved_model.pb").write_bytes(b""),
            "`saved_model.pb` has the sha256 e3b0c44298fc instead of .* Copy",
        ),
        (
            lambda folder: (folder / "saved_model.pb").unlink(),
            "where `saved_model.pb` is missing",
        ),
        (
            lambda folder: (folder / "variables/more").write_bytes(b""),
            "where `variables/more` is not among the digests",
        ),
        (
            lambda folder: (folder / FILE).write_text("no\n"),
            "has other lines than digests",
        ),
        (
            lambda folder: (folder / FILE).unlink(),
            "can be checked has `assets.extra/sha256sums`.*Give the folder",
        ),
    ],
)
def test_it_says_what_differs(tmp_path, change, message):
    folder = make(tmp_path / "1")
    change(folder)
    with pytest.raises(ValueError, match=message):
        check_saved_model(folder)


def test_the_command_says_it(tmp_path, capsys):
    folder = make(tmp_path / "1")
    assert main(["check", str(folder)]) == 0
    assert f"{folder} is as it was exported." in capsys.readouterr().out
    (folder / "saved_model.pb").write_bytes(b"")
    assert main(["check", str(folder)]) == 2
    assert "`saved_model.pb` has the sha256" in capsys.readouterr().err


@pytest.mark.large
def test_an_export_has_them_and_sha256sum_agrees(folder):
    check_saved_model(folder)
    lines = (folder / FILE).read_text().splitlines()
    files = {path for path in folder.rglob("*") if path.is_file()}
    assert {folder / line[66:] for line in lines} == files - {folder / FILE}
    if shutil.which("sha256sum"):
        subprocess.run(
            ["sha256sum", "--check", "--strict", "--quiet", FILE],
            cwd=folder,
            check=True,
        )


@pytest.mark.large
def test_so_has_one_in_an_object_store(model, object_store):
    path = export_saved_model(model, str(object_store.root / "a"), 16)
    check_saved_model(str(path))
    (path / "fingerprint.pb").unlink()
    with pytest.raises(ValueError, match="`fingerprint.pb` is missing"):
        check_saved_model(str(path))

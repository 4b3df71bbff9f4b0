import hashlib

import numpy as np
import pytest
import tensorflow as tf

from tf_adapters import storage
from tf_adapters.export import export_saved_model
from tf_adapters.export.versions import remove_old_versions
from tf_adapters.export.versions import republish


def write_version(path, number, content=b"old"):
    storage.write_whole(path / str(number) / "variables" / "a", content)
    storage.write_whole(path / str(number) / "saved_model.pb", content)


def versions(path):
    return sorted(entry.name for entry in storage.listed(path))


@pytest.fixture(params=["local", "object_store"])
def path(request, tmp_path):
    if request.param == "local":
        return tmp_path / "models"
    return request.getfixturevalue("object_store").root / "models"


def test_the_version_before_comes_back_as_the_newest(path):
    write_version(path, 1)
    write_version(path, 2, b"new")
    assert republish(path) == path / "3"
    assert (path / "3" / "saved_model.pb").read_bytes() == b"old"
    assert (path / "3" / "variables" / "a").read_bytes() == b"old"
    # What is served meanwhile stays.
    assert (path / "2" / "saved_model.pb").read_bytes() == b"new"


def test_any_version_can_come_back(path):
    for number in (1, 2, 3):
        write_version(path, number, b"%d" % number)
    assert republish(path, 1) == path / "4"
    assert (path / "4" / "saved_model.pb").read_bytes() == b"1"


def test_half_a_version_does_not_come_back(path):
    write_version(path, 1)
    storage.write_whole(path / "2" / "variables" / "a", b"half")
    with pytest.raises(FileNotFoundError, match="version=None.*which has 1"):
        republish(path)
    with pytest.raises(FileNotFoundError, match="version=2.*which has 1"):
        republish(path, 2)


def test_a_damaged_version_does_not_come_back(path):
    for number in (1, 2):
        write_version(path, number)
        lines = "".join(
            f"{hashlib.sha256(b'old').hexdigest()}  {name}\n"
            for name in ("saved_model.pb", "variables/a")
        )
        digests = path / str(number) / "assets.extra" / "sha256sums"
        storage.write_whole(digests, lines.encode())
    storage.write_whole(path / "1" / "variables" / "a", b"odd")
    message = f"'{path}/1', whose copy is not: .*`variables/a` has the sha256"
    with pytest.raises(ValueError, match=message):
        republish(path)
    assert versions(path) == ["1", "2"]
    assert republish(path, 2) == path / "3"


def test_a_version_that_goes_meanwhile_does_not_come_back(path, monkeypatch):
    write_version(path, 1)
    write_version(path, 2)
    copy_folder = storage.copy_folder

    def copy_last(source, target):
        (source / "saved_model.pb").unlink(missing_ok=True)
        copy_folder(source, target)

    monkeypatch.setattr(storage, "copy_folder", copy_last)
    with pytest.raises(ValueError, match="`saved_model.pb` has gone meanwhile"):
        republish(path)
    assert versions(path) == ["1", "2"]


def test_there_is_nothing_to_come_back(path):
    with pytest.raises(FileNotFoundError, match="which has none"):
        republish(path)


def test_old_versions_go(path):
    for number in (2, 9, 10):
        write_version(path, number)
    storage.write_whole(path / "notes" / "a", b"")
    assert remove_old_versions(path, 2) == [2]
    assert versions(path) == ["10", "9", "notes"]
    assert remove_old_versions(path, 5) == []


@pytest.mark.parametrize("keep", [0, -1, True, 1.0])
def test_none_cannot_be_kept(path, keep):
    with pytest.raises(ValueError, match=f"at least 1.*keep={keep!r}"):
        remove_old_versions(path, keep)


@pytest.mark.large
def test_an_export_keeps_as_many_as_it_is_told(model, tmp_path):
    for _ in range(3):
        export_saved_model(model, tmp_path, sequence_length=16, keep=2)
    assert versions(tmp_path) == ["2", "3"]
    again = republish(tmp_path)
    loaded = tf.saved_model.load(str(again))
    answers = loaded.signatures["serving_default"](
        text=tf.constant(["a good film"]),
        text_pair=tf.constant([""]),
        task=tf.constant(["sentiment"]),
    )
    assert np.isfinite(answers["scores"]).all()
    with pytest.raises(ValueError, match="keep=0"):
        export_saved_model(model, tmp_path, sequence_length=16, keep=0)


@pytest.mark.large
def test_what_would_go_at_once_is_not_written(model, path):
    write_version(path, 7)
    with pytest.raises(ValueError, match="version=3 for .*, which has 7"):
        export_saved_model(model, path, sequence_length=16, version=3, keep=1)
    assert versions(path) == ["7"]

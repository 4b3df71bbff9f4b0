import pytest

from tf_adapters import storage
from tf_adapters.export.version_folder import choose_version


def make(path, *names):
    for name in names:
        (path / name).mkdir()


def test_the_first_version_is_1(tmp_path):
    assert choose_version(tmp_path / "missing", None) == 1


def test_the_next_version_is_counted_as_a_number(tmp_path):
    make(tmp_path, "9", "10", ".11.tmp", "notes")
    assert choose_version(tmp_path, None) == 11


def test_a_free_version_is_taken_as_it_is(tmp_path):
    make(tmp_path, "7")
    assert choose_version(tmp_path, 3) == 3


def test_a_version_that_exists_is_refused(tmp_path):
    make(tmp_path, "3")
    message = "`version` must be new.*version=3.*Leave it out to get 4"
    with pytest.raises(FileExistsError, match=message):
        choose_version(tmp_path, 3)


@pytest.mark.parametrize("version", [0, -1, 1.0, "2", True])
def test_a_version_that_is_no_positive_int_is_refused(tmp_path, version):
    make(tmp_path, "3")
    message = f"at least 1.*version={version!r}. Leave it out to get 4"
    with pytest.raises(ValueError, match=message):
        choose_version(tmp_path, version)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError, match="`path` must be a folder.*file"):
        choose_version(tmp_path / "file", None)


def test_versions_in_an_object_store_are_counted(object_store):
    path = object_store.root / "models"
    assert choose_version(path, None) == 1
    storage.write_whole(path / "9" / "saved_model.pb", b"")
    assert choose_version(path, None) == 10
    assert choose_version(path, 3) == 3
    with pytest.raises(FileExistsError, match="`version` must be new"):
        choose_version(path, 9)


def test_a_number_that_a_killed_export_took_is_not_taken_again(object_store):
    """A server may have tried it, and given it up."""
    storage.write_whole(object_store.root / "9" / "variables" / "a", b"")
    assert choose_version(object_store.root, None) == 10
    with pytest.raises(FileExistsError, match="`version` must be new"):
        choose_version(object_store.root, 9)

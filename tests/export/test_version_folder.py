import pytest

from tf_adapters.export.version_folder import choose_version
from tf_adapters.export.version_folder import whole_or_nothing


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


def test_what_was_written_appears_at_the_end(tmp_path):
    target = tmp_path / "models" / "1"
    with whole_or_nothing(target) as folder:
        (folder / "a").write_text("a")
        assert not target.exists()
        # TF Serving skips what is not a number.
        assert not folder.name.isdecimal() and folder.parent == target.parent
    assert [p.name for p in target.parent.iterdir()] == ["1"]
    assert (target / "a").read_text() == "a"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_leaves_nothing(tmp_path, error):
    with pytest.raises(error):
        with whole_or_nothing(tmp_path / "models" / "1") as folder:
            (folder / "a").write_text("a")
            raise error
    assert list(tmp_path.iterdir()) == []


def test_an_error_leaves_earlier_versions(tmp_path):
    make(tmp_path, "1")
    with pytest.raises(RuntimeError):
        with whole_or_nothing(tmp_path / "2"):
            raise RuntimeError
    assert [p.name for p in tmp_path.iterdir()] == ["1"]


def test_what_a_killed_export_left_is_not_published(tmp_path):
    make(tmp_path, ".1.tmp")
    (tmp_path / ".1.tmp" / "half").write_text("")
    with whole_or_nothing(tmp_path / "1"):
        pass
    assert list((tmp_path / "1").iterdir()) == []


def test_a_version_that_appeared_meanwhile_is_left_alone(tmp_path):
    with pytest.raises(OSError):
        with whole_or_nothing(tmp_path / "1"):
            make(tmp_path, "1")
            (tmp_path / "1" / "theirs").write_text("")
    assert [p.name for p in tmp_path.iterdir()] == ["1"]
    assert (tmp_path / "1" / "theirs").exists()

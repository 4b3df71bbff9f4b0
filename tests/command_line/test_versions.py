"""`tf-adapters versions`: list, roll back, remove, and configure."""

import re

import pytest

from tf_adapters.command_line.main import main


@pytest.fixture
def path(tmp_path):
    """A folder of versions 1, 2 and 10, and half of version 11."""
    for number in (1, 2, 10):
        version = tmp_path / "reviews" / str(number)
        version.mkdir(parents=True)
        (version / "saved_model.pb").write_text(f"model {number}")
    (tmp_path / "reviews" / "11").mkdir()
    return tmp_path / "reviews"


def ask(*argv):
    return main(["versions", *map(str, argv)])


def test_it_lists_what_a_server_would_load(path, capsys):
    assert ask("list", path) == 0
    assert capsys.readouterr().out.split() == ["1", "2", "10"]


@pytest.mark.parametrize(("flags", "back"), [([], 2), (["--version", 1], 1)])
def test_it_rolls_back(path, capsys, flags, back):
    assert ask("republish", path, *flags) == 0
    # Half of version 11 is there, so 12 is next.
    assert capsys.readouterr().out.strip() == str(path / "12")
    assert (path / "12" / "saved_model.pb").read_text() == f"model {back}"


def test_it_keeps_as_many_as_it_is_told(path, capsys):
    assert ask("keep", path, 1) == 0
    gone = capsys.readouterr().out.split()
    assert gone == [str(path / "1"), str(path / "2")]
    ask("list", path)
    assert capsys.readouterr().out.split() == ["10"]


@pytest.mark.parametrize(
    ("flags", "name"), [([], "reviews"), (["--name", "b"], "b")]
)
def test_it_writes_configurations_once(path, capsys, flags, name):
    assert ask("configs", path, *flags) == 0
    files = ["models.config", "batching.config", "monitoring.config"]
    assert capsys.readouterr().out.split() == [str(path / f) for f in files]
    assert f'name: "{name}"' in (path / "models.config").read_text()
    assert ask("configs", path) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("keep", 0), "at least 1"),
        (("republish", "--version", 7), "version=7.*which has 1, 2, 10"),
        (("configs", "--name", "a b"), "part of a URL"),
    ],
)
def test_what_makes_no_sense_is_refused(path, capfd, argv, words):
    action, *rest = argv
    assert ask(action, path, *rest) == 2
    assert re.search(words, capfd.readouterr().err)


def test_a_folder_without_versions_is_refused(tmp_path, capfd):
    assert ask("list", tmp_path) == 2
    assert "which has none" in capfd.readouterr().err

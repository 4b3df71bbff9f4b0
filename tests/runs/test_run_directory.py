import json
import os

import pytest

from tf_adapters.runs.run_directory import RunDirectory
from tf_adapters.runs.run_directory import write_text
from tf_adapters.training.config import TrainConfig


def test_a_new_folder_is_made_once_there_is_something_to_write(tmp_path):
    directory = RunDirectory(str(tmp_path / "runs" / "one"))
    assert not directory.path.exists()
    directory.write_config("houlsby", TrainConfig(), [])
    assert (directory.path / "config.json").is_file()
    assert directory.bundles == directory.path / "bundles"
    assert directory.saved_model == directory.path / "saved_model"
    assert directory.predictions == directory.path / "predictions"
    assert directory.logs == directory.path / "logs"


def test_an_empty_folder_is_taken(tmp_path):
    assert RunDirectory(str(tmp_path)).path == tmp_path


@pytest.mark.parametrize("name", ["", "file.txt"])
def test_what_has_something_in_it_is_refused(tmp_path, name):
    (tmp_path / "file.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="new or empty.*never overwrites"):
        RunDirectory(str(tmp_path / name))
    assert (tmp_path / "file.txt").read_text() == "mine"


def test_the_config_is_written_with_its_recipe_and_order(tmp_path):
    directory = RunDirectory(str(tmp_path))
    config = TrainConfig(tasks=("rte",))
    text = directory.write_config("houlsby", config, ["sst2", "cola"])
    assert (tmp_path / "config.json").read_text() == text
    settings = json.loads(text)
    assert settings["recipe"] == "houlsby"
    assert settings["tasks"] == ["rte"]
    assert settings["earlier_tasks"] == ["sst2", "cola"]
    assert settings["batch_size"] == 32


def test_the_metrics_are_written(tmp_path):
    RunDirectory(str(tmp_path)).write_metrics({"mean": 0.5})
    assert json.loads((tmp_path / "metrics.json").read_text()) == {"mean": 0.5}


def test_a_file_is_written_whole(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "file.txt"
    write_text(path, "é\n")
    assert path.read_bytes() == "é\n".encode()

    def fail(_):
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="no space"):
        write_text(path, "half")
    assert path.read_bytes() == "é\n".encode()


def test_nothing_else_is_left_beside_a_file(tmp_path):
    write_text(tmp_path / "file.txt", "text")
    assert [p.name for p in tmp_path.iterdir()] == ["file.txt"]

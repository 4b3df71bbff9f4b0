import itertools
import json

import pytest

from tf_adapters import storage
from tf_adapters.runs.run_directory import RunDirectory
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


def begun(path, step=None, **settings):
    directory = RunDirectory(str(path))
    directory.write_config("houlsby", TrainConfig(**settings), [])
    if step is not None:
        (directory.checkpoints / f"step-{step:010d}").mkdir()
    return directory


def test_two_processes_do_not_train_in_one_folder(tmp_path):
    first = begun(tmp_path)
    second = RunDirectory(str(tmp_path), resume=True)
    with pytest.raises(FileExistsError, match="Another process trains in"):
        second.write_config("houlsby", TrainConfig(), [])
    first.release()
    second.write_config("houlsby", TrainConfig(), [])


def test_a_run_that_has_ended_meanwhile_is_not_begun_anew(tmp_path):
    first = begun(tmp_path)
    second = RunDirectory(str(tmp_path), resume=True)
    first.write_metrics({"mean": 0.5})
    first.finish()
    with pytest.raises(FileExistsError, match="has ended meanwhile"):
        second.write_config("houlsby", TrainConfig(), [])
    assert not second.is_unfinished


def test_a_run_goes_on_that_is_older_than_a_setting(tmp_path):
    begun(tmp_path, step=5).release()
    file = tmp_path / "config.json"
    settings = json.loads(file.read_text())
    del settings["steps_per_execution"]
    file.write_text(json.dumps(settings))
    directory = RunDirectory(str(tmp_path), resume=True)
    directory.check_settings("houlsby", TrainConfig())
    with pytest.raises(ValueError, match="steps_per_execution=2 instead of 1"):
        directory.check_settings("houlsby", TrainConfig(steps_per_execution=2))


def test_a_run_goes_on_with_the_settings_it_has_begun_with(tmp_path):
    begun(tmp_path, step=5, batch_size=16).release()
    directory = RunDirectory(str(tmp_path), resume=True)
    directory.check_settings("houlsby", TrainConfig(batch_size=16))
    # A run that has diverged may go on at another rate.
    slower = TrainConfig(batch_size=16, learning_rate=1e-5)
    directory.check_settings("houlsby", slower)
    with pytest.raises(ValueError, match="batch_size=8 instead of 16"):
        directory.check_settings("houlsby", TrainConfig(batch_size=8))
    with pytest.raises(ValueError, match="recipe='pals' instead of 'houlsby'"):
        directory.check_settings("pals", TrainConfig(batch_size=16))


def test_a_run_without_a_step_may_begin_with_others(tmp_path):
    """After too little memory, say."""
    begun(tmp_path, batch_size=16).release()
    directory = RunDirectory(str(tmp_path), resume=True)
    directory.check_settings("houlsby", TrainConfig(batch_size=8))


def test_a_run_that_is_done_does_not_go_on(tmp_path):
    begun(tmp_path, step=5).finish()
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]
    with pytest.raises(FileExistsError, match="which is taken"):
        RunDirectory(str(tmp_path), resume=True)


def test_no_resume_begins_no_run_over_another(tmp_path):
    begun(tmp_path, step=5).release()
    with pytest.raises(FileExistsError, match="eave out --no-resume"):
        RunDirectory(str(tmp_path), resume=False)


def test_a_run_whose_config_is_damaged_does_not_go_on(tmp_path):
    begun(tmp_path, step=5).release()
    (tmp_path / "config.json").write_text('{"recipe": ')
    directory = RunDirectory(str(tmp_path), resume=True)
    with pytest.raises(ValueError, match="config.json` must be as its run"):
        directory.check_settings("houlsby", TrainConfig())


def test_a_run_in_an_object_store_begins_goes_on_and_ends(object_store):
    path = str(object_store.root / "run")
    directory = RunDirectory(path)
    assert not directory.path.exists()
    text = directory.write_config("houlsby", TrainConfig(), [])
    assert (directory.path / "config.json").read_bytes() == text.encode()
    with pytest.raises(FileExistsError, match="eave out --no-resume"):
        RunDirectory(path)
    state = directory.checkpoints / "step-0000000005" / "sha256"
    storage.write_whole(state, b"")

    again = RunDirectory(path, resume=True)
    again.check_settings("houlsby", TrainConfig())
    with pytest.raises(ValueError, match="batch_size=8 instead of 32"):
        again.check_settings("houlsby", TrainConfig(batch_size=8))
    again.write_config("houlsby", TrainConfig(), [])
    again.finish()
    assert list(object_store.contents()) == ["run/config.json"]
    with pytest.raises(FileExistsError, match="which is taken"):
        RunDirectory(path, resume=True)


def test_a_kill_as_a_run_ends_lets_none_begin_anew(object_store):
    for changes in itertools.count():
        path = str(object_store.root / str(changes))
        directory = RunDirectory(path)
        directory.write_config("houlsby", TrainConfig(), [])
        state = directory.checkpoints / "step-0000000005" / "sha256"
        storage.write_whole(state, b"")
        if not object_store.interrupts(directory.finish, changes):
            break
        # Either all states are there, or the run is done.
        assert directory.is_unfinished == (changes == 0)
        assert state.exists() or not directory.is_unfinished
    assert changes == 2

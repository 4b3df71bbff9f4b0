"""`tf-adapters tune`, whose trials a stand-in trains."""

import shlex
import sys

import pytest

from tf_adapters.runs.flags import override
from tf_adapters.runs.recipe import load_recipe

SHORT = ("--tasks", "sentiment", "--num_epochs", "2")


@pytest.mark.large
def test_it_prints_the_command_of_the_best(stand_in, tune, tmp_path):
    flags = [*SHORT, "--output_dir", tmp_path / "s", "--bottleneck_dim", "32"]
    shown = tune("houlsby", *flags, "--num_trials", "2").out
    *_, best, command, tensorboard = shown.splitlines()
    assert "learning_rate: 0.0003:0.005" in shown
    # It has a flag.
    assert "  bottleneck_dim" not in shown
    assert best.startswith("Best: trial ")
    assert (tmp_path / "s" / "best.sh").read_text() == command + "\n"
    assert tensorboard == f"tensorboard --logdir {tmp_path / 's' / 'logs'}"
    program, script, name, *argv = shlex.split(command)
    assert [program, script, name] == ["python", "train.py", "houlsby"]
    config = override(load_recipe(name).Config(), argv, name)
    assert (config.tasks, config.num_epochs) == (("sentiment",), 2)
    assert config.bottleneck_dim == 32 and config.export

    error = tune("houlsby", *flags, "--seed", "1", code=2).err
    assert "seed=1 instead of 0" in error


@pytest.mark.large
def test_a_grid_on_the_command_line(stand_in, tune, tmp_path):
    flags = [*SHORT, "--output_dir", tmp_path / "s", "--grid", "--space"]
    ranges = ["learning_rate=1e-3,3e-3", "bottleneck_dim=8"]
    shown = tune("houlsby", *flags, *ranges).out
    # Nothing else is searched.
    assert "init_stddev" not in shown
    assert shown.count("Trial ") == 2
    assert "--learning_rate 0.003" in shown.splitlines()[-2]


@pytest.mark.large
def test_a_grid_says_which_of_its_points_have_failed(stand_in, tune, tmp_path):
    # The stand-in fails with 13.
    flags = [*SHORT, "--output_dir", tmp_path / "s", "--grid", "--space"]
    ranges = ["learning_rate=1e-3", "bottleneck_dim=13,8"]
    shown = tune("houlsby", *flags, *ranges, code=1).out
    *_, line, point = shown.splitlines()
    assert line.startswith("Of the grid these have only failed")
    assert point == "  --learning_rate 0.001 --bottleneck_dim 13"
    assert "Best: trial 1" in shown


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--grid"], "A search needs a setting to search"),
        (
            ["--grid", "--space", "learning_rate=1e-4:1e-2"],
            "lists of values. Received a range for learning_rate",
        ),
        (["--space", "depth=1"], "Unknown setting 'depth'"),
        (["--tasks", "cola"], "Unknown task 'cola'"),
        (["--output_dir", "gs://bucket/s"], "SQLite needs a folder"),
        (["--output_dir", "."], "or that of a search"),
    ],
)
def test_what_cannot_be_searched_is_refused(flags, message, tune, monkeypatch):
    assert message in tune("houlsby", *flags, code=2).err


@pytest.mark.parametrize("flag", ["num_trials", "num_seeds"])
def test_a_search_of_nothing_is_refused(flag, tune, capsys):
    with pytest.raises(SystemExit) as exit_:
        tune("houlsby", f"--{flag}", "0")
    assert exit_.value.code == 2
    assert f"{flag}=0" in capsys.readouterr().err


def test_workers_do_not_search(tune, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "{}")
    assert "Unset it" in tune("houlsby", code=2).err


def test_without_optuna_it_says_what_to_install(tune, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "optuna", None)
    error = tune("houlsby", "--output_dir", tmp_path / "s", code=2).err
    assert "pip install 'tf_adapters[tune]'" in error
    assert not (tmp_path / "s").exists()

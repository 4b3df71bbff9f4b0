import pytest

from tf_adapters.command_line.main import _COMMANDS
from tf_adapters.command_line.main import main


def test_a_folder_that_is_no_run_is_refused(tmp_path, capsys):
    assert main(["evaluate", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "must hold `config.json` and `bundles/`" in error
    assert "Traceback" not in error


@pytest.mark.parametrize("argv", [[], ["train"], ["predict"]])
def test_malformed_commands_exit_with_2(argv, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(argv)
    assert exit_.value.code == 2
    assert "usage: tf-adapters" in capsys.readouterr().err


@pytest.mark.parametrize(
    "argv, message",
    [
        ([], "one of the arguments --task --ensemble is required"),
        (["--task", "a", "--ensemble", "b"], "not allowed with argument"),
    ],
)
def test_one_task_predicts_or_an_ensemble(argv, message, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(["predict", "run", *argv])
    assert exit_.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "argv",
    [
        ["predict", "run", "--task", "a", "--steps", "1"],
        ["evaluate", "run", "--average"],
    ],
)
def test_flags_of_an_ensemble_need_one(argv, capsys):
    """Before anything is loaded: there is no such run."""
    assert main(argv) == 2
    assert "must come with `--ensemble`" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    list(_COMMANDS),
)
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as exit_:
        main([command, "--help"])
    assert exit_.value.code == 0
    assert f"usage: tf-adapters {command}" in capsys.readouterr().out

import dataclasses

import pytest

from tf_adapters.runs.flags import as_flags
from tf_adapters.runs.flags import override
from tf_adapters.training.config import TrainConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(TrainConfig):
    """A recipe.

    Attributes:
        depth: how deep, 100% of
            the time.
    """

    depth: int = 2
    learning_rate: float = 1e-2


def test_the_help_shows_every_field_with_its_default(capsys):
    with pytest.raises(SystemExit) as exit_:
        override(Recipe(), ["--help"], "train.py recipe")
    assert exit_.value.code == 0
    text = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert text.startswith("usage: train.py recipe")
    assert "how deep, 100% of the time. (default: 2)" in text
    assert "of the linear warm-up and decay. (default: 0.01)" in text
    assert "seeds weights, dropout and the order of the data." in text
    for field in dataclasses.fields(Recipe):
        assert f"--{field.name}" in text


def test_flags_replace_fields_and_keep_their_types():
    argv = "--tasks rte cola --learning_rate 2e-5 --batch-size 8 --tfds"
    config = override(Recipe(), [*argv.split(), "--no-export"], "train.py")
    assert isinstance(config, Recipe)
    assert config.tasks == ("rte", "cola")
    assert config.learning_rate == 2e-5
    assert config.batch_size == 8
    assert config.tfds is True
    assert config.export is False
    assert config.depth == 2


def test_no_flags_change_nothing():
    assert override(Recipe(), [], "train.py") == Recipe()


def test_fields_of_a_dataclass_within_are_flags_too():
    @dataclasses.dataclass(frozen=True)
    class Both:
        train: TrainConfig
        pages: int = 1

    argv = ["--seed", "3", "--pages", "4"]
    assert override(Both(TrainConfig()), argv, "x") == Both(
        TrainConfig(seed=3), 4
    )


@pytest.mark.parametrize(
    "argv, message",
    [
        ("--batch_size many", "--batch_size"),
        ("--learning_rate high", "--learning_rate"),
        ("--rate sometimes", "sometimes"),
        ("--pooling max", "max"),
        ("--nonsense 1", "Unrecognized options: --nonsense"),
        ("--batch 4", "Unrecognized options: --batch"),
        ("--learning_rat 4", "Perhaps you meant: --learning_rate"),
        ("--batch_size 0", "`batch_size` must be positive"),
    ],
)
def test_malformed_arguments_end_with_status_2(argv, message, capsys):
    with pytest.raises(SystemExit) as exit_:
        override(TrainConfig(), argv.split(), "train.py")
    assert exit_.value.code == 2
    text = " ".join(capsys.readouterr().err.replace("│", " ").split())
    text = text.replace("─", "")
    assert message in " ".join(text.split())


def test_settings_become_flags_that_become_the_settings_again():
    changed = {
        "tasks": ("rte", "a b"),
        "caps": (),
        "data_dir": "",
        "learning_rate": 1.5e-5,
        "max_examples": 7,
        "tfds": True,
        "export": False,
        "rate": "uniform",
        "depth": 3,
    }
    flags = as_flags(changed)
    assert flags[:3] == ["--tasks", "rte", "a b"]
    assert "--no-export" in flags and "--tfds" in flags
    expected = dataclasses.replace(Recipe(), **changed)
    assert override(Recipe(caps=("rte=2",)), flags, "train.py") == expected

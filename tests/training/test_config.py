import argparse
import dataclasses

import pytest

from tf_adapters.training.config import TrainConfig
from tf_adapters.training.config import add_flags
from tf_adapters.training.config import override
from tf_adapters.training.config import pairs


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe(TrainConfig):
    """A recipe.

    Attributes:
        depth: how deep, 100% of
            the time.
    """

    depth: int = 2
    learning_rate: float = 1e-2


def flags_of(config):
    parser = argparse.ArgumentParser()
    add_flags(parser, config)
    return {action.dest: action for action in parser._actions}


def test_every_field_is_a_flag_with_its_documentation():
    flags = flags_of(Recipe())
    for field in dataclasses.fields(Recipe):
        assert f"--{field.name}" in flags[field.name].option_strings
        assert flags[field.name].help.strip(), field.name
    assert flags["depth"].help == "how deep, 100%% of the time."
    assert flags["seed"].help == (
        "seeds weights, dropout and the order of the data."
    )


def test_the_help_shows_the_defaults_of_the_recipe(capsys):
    with pytest.raises(SystemExit) as exit_:
        override(Recipe(), ["--help"], "train.py recipe")
    assert exit_.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "usage: train.py recipe" in text
    assert "how deep, 100% of the time. (default: 2)" in text
    assert "(default: 0.01)" in text


def test_flags_replace_fields_and_keep_their_types():
    argv = "--tasks rte cola --learning_rate 2e-5 --batch_size 8 --tfds"
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


@pytest.mark.parametrize(
    "argv, message",
    [
        ("--batch_size many", "argument --batch_size: invalid int value"),
        ("--learning_rate high", "--learning_rate: invalid float value"),
        ("--rate sometimes", "invalid choice: 'sometimes'"),
        ("--pooling max", "invalid choice: 'max'"),
        ("--nonsense 1", "unrecognized arguments: --nonsense"),
        ("--batch 4", "unrecognized arguments: --batch 4"),
    ],
)
def test_malformed_arguments_end_with_status_2(argv, message, capsys):
    with pytest.raises(SystemExit) as exit_:
        override(TrainConfig(), argv.split(), "train.py")
    assert exit_.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "field", ["batch_size", "learning_rate", "num_epochs", "sequence_length"]
)
def test_what_must_be_positive_is(field):
    with pytest.raises(
        ValueError, match=f"`{field}` must be positive.*{field}=0"
    ):
        TrainConfig(**{field: 0})


@pytest.mark.parametrize(
    "field", ["steps_per_epoch", "max_examples", "weight_decay", "clip_norm"]
)
def test_what_may_be_0_may_not_be_negative(field):
    TrainConfig(**{field: 0})
    with pytest.raises(ValueError, match=f"`{field}` must be 0 or more"):
        TrainConfig(**{field: -1})


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"warmup_fraction": 1.0}, "at least 0 and below 1.*fraction=1.0"),
        ({"warmup_fraction": -0.1}, "at least 0 and below 1"),
        ({"learning_rate": float("nan")}, "positive.*learning_rate=nan"),
        ({"rate": "squareroot"}, "Unknown rate.*mean 'square_root'"),
        ({"batching": "mix"}, "Unknown batching.*mean 'mixed'"),
        ({"pooling": "poler"}, "Unknown pooling.*mean 'pooler'"),
        ({"strategy": "mirror"}, "Unknown strategy.*mean 'mirrored'"),
        ({"data_dir": "x", "tfds": True}, "Only one.*Received: data_dir, tfds"),
        ({"caps": ("rte",)}, "`caps` takes.*task=int.*'rte'"),
        ({"caps": ("rte=1.5",)}, "`caps` takes.*'rte=1.5'"),
        ({"loss_weights": ("rte=x",)}, "`loss_weights` takes.*task=float"),
    ],
)
def test_settings_that_could_not_train_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        TrainConfig(**settings)


def test_pairs_by_hand():
    assert pairs(("rte=2", "cola=3"), "caps", int) == {"rte": 2, "cola": 3}
    assert pairs(("rte=.5",), "loss_weights", float) == {"rte": 0.5}
    assert pairs((), "caps", int) == {}


@pytest.mark.parametrize(
    "settings", [{"initialise_from": "rte"}, {"trains": "own"}]
)
def test_a_later_task_needs_an_earlier_run(settings):
    with pytest.raises(ValueError, match="Give the folder of the run"):
        TrainConfig(**settings)
    assert TrainConfig(from_run="run", **settings).from_run == "run"

"""Recipes whose settings are the arguments of their method."""

import dataclasses
import typing

import pytest

from tf_adapters.methods import Method
from tf_adapters.runs.derived_recipe import argument_texts
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.training.config import TrainConfig


class Mine(Method):
    """Mine.

    Args:
        depth: int. How deep, at most
            3.5. Defaults to 1.5, see
            there. Twice that is too much.
        seed, kind: as for `Other`. Unlike it.
    """

    def __init__(self, depth=2, seed=0, kind="a"):
        self.values = depth, seed, kind


class Other:
    """Other.

    Args:
        seed: int. Draws.
        kind: str. Of which kind. Defaults to `"b"`.

    Raises:
        ValueError: never.
    """


class Child(Mine):
    """Child.

    Args:
        kind: `"a"` or `"b"`.
    """


def test_settings_are_those_of_training_and_of_the_method():
    flags = {"seed": "own_seed"}
    config_class, method = derive(Mine, flags=flags, depth=3, num_epochs=9)
    config = config_class()
    assert isinstance(config, TrainConfig)
    assert (config.depth, config.own_seed, config.kind) == (3, 0, "a")
    assert (config.num_epochs, config.seed, config.batch_size) == (9, 0, 32)
    changed = dataclasses.replace(config, own_seed=5, kind="b", seed=7)
    assert method(changed).values == (3, 5, "b")
    with pytest.raises(ValueError, match="`num_epochs` must be positive"):
        config_class(num_epochs=0)


def test_a_recipe_takes_the_place_of_what_it_has_in_common_with_others():
    common = {"num_epochs": 9, "rate": "uniform", "depth": 4}
    flags = {"seed": "own_seed"}
    config_class, method = derive(Mine, common, flags, num_epochs=5)
    config = config_class()
    assert (config.num_epochs, config.rate, config.depth) == (5, "uniform", 4)
    assert method(config).values == (4, 0, "a")
    # The type stays that of training, with its choices.
    types = {f.name: f.type for f in dataclasses.fields(config_class)}
    assert "uniform" in typing.get_args(types["rate"])


def test_texts_are_read_from_the_class_its_bases_and_those_it_names():
    assert argument_texts(Mine) == {
        "depth": "How deep, at most 3.5. Twice that is too much.",
        "seed": "Draws.",
        "kind": "Of which kind.",
    }
    assert argument_texts(Child) == {
        **argument_texts(Mine),
        "kind": '`"a"` or `"b"`.',
    }


class Needs(Method):
    def __init__(self, depth):
        pass


@pytest.mark.parametrize(
    "arguments, settings, message",
    [
        ((Mine,), {}, "settings of training, seed.*by `flags`"),
        ((Child, None, {"seed": "x"}), {"width": 3}, "has no width"),
        ((Needs,), {}, "`depth` of `Needs` needs a default"),
    ],
)
def test_a_recipe_that_could_not_be_trained_is_refused(
    arguments, settings, message
):
    with pytest.raises(TypeError, match=message):
        derive(*arguments, **settings)

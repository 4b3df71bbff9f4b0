"""The spaces of the recipes, and what the command line makes of them."""

import dataclasses
import pathlib
import types

import pytest

import models
from tf_adapters import MultiTaskClassifier
from tf_adapters.runs.recipe import load_recipe
from tf_adapters.training.config import TrainConfig
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf
from tf_adapters.tuning.space import make_space

FOLDER = pathlib.Path(models.__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("[!_]*.py"))
RECIPE = load_recipe("houlsby")
# Settings that count layers.
LAYERS = ("trained_layers", "dropped_layers")


def points(space):
    """Points that have every end and every value of a space."""
    each = [
        (own.low, own.high) if isinstance(own, Between) else own.values
        for own in space.values()
    ]
    for i in range(max(map(len, each))):
        values = (own[i % len(own)] for own in each)
        yield dict(zip(space, values, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_every_point_of_a_space_builds_a_valid_recipe(
    name, make_backbone, make_tasks
):
    recipe = load_recipe(name)
    space = make_space(name, recipe, recipe.Config())
    for point in points(space):
        config = dataclasses.replace(recipe.Config(), **point)
        # Twelve Kronecker products divide it, as they do the width of a BERT.
        backbone = make_backbone(
            num_layers=1 + max(getattr(config, name, 0) for name in LAYERS),
            hidden_dim=24,
            vocabulary_size=1200,
        )
        method = recipe.method(config)
        own = method.get_config()
        assert all(own[k] == v for k, v in point.items() if k in own)
        model = MultiTaskClassifier(backbone, method, make_tasks(2))
        assert model.trainable_weights


@pytest.mark.parametrize("name", NAMES)
def test_every_space_has_the_recipe_as_it_is_in_its_ranges(name):
    recipe = load_recipe(name)
    config = recipe.Config()
    for setting, range_ in recipe.space.items():
        # The types of a config file and of the command line.
        kind = type(getattr(config, setting))
        values = range_.values if isinstance(range_, OneOf) else [range_.low]
        assert {type(value) for value in values} == {kind}
    assert recipe.space["learning_rate"].contains(config.learning_rate)
    assert recipe.space["learning_rate"].is_logarithmic


def space(given=(), fixed=(), recipe=RECIPE):
    return make_space("houlsby", recipe, recipe.Config(), given, fixed)


def test_what_has_a_flag_is_not_searched():
    assert "learning_rate" in space()
    assert "learning_rate" not in space(fixed={"learning_rate", "tasks"})


def test_a_range_that_is_given_comes_instead_or_beside():
    found = space(["bottleneck_dim=4,12", "head_dropout=0.0:0.2"])
    assert found["bottleneck_dim"] == OneOf(4, 12)
    assert found["head_dropout"] == Between(0.0, 0.2)
    assert found["learning_rate"] == RECIPE.space["learning_rate"]


@pytest.mark.parametrize(
    "given, fixed, message",
    [
        (["depth=1,2"], (), "Unknown setting 'depth'"),
        (["num_epochs=1,2"], (), "as they are. Received: 'num_epochs'"),
        (["tasks=a,b"], (), "Received: 'tasks'"),
        (["bottleneck_dim"], (), "`bottleneck_dim` may be is a list of int"),
        (["learning_rate=1,2"], {"learning_rate"}, "both for learning_rate"),
        ((), set(RECIPE.space), "'houlsby', of which none is left"),
    ],
)
def test_what_cannot_be_searched_is_refused(given, fixed, message):
    with pytest.raises(ValueError, match=message):
        space(given, fixed)


def test_only_what_is_given_is_searched_of_a_grid():
    given = ["learning_rate=1e-3,3e-3"]
    config = RECIPE.Config()
    found = make_space("houlsby", RECIPE, config, given, only_given=True)
    assert found == {"learning_rate": OneOf(1e-3, 3e-3)}


def test_a_recipe_without_a_space_needs_ranges():
    own = types.SimpleNamespace(Config=TrainConfig)
    with pytest.raises(ValueError, match="Put a `space` into the recipe"):
        space(recipe=own)
    assert list(space(["clip_norm=0.5,1.0"], recipe=own)) == ["clip_norm"]

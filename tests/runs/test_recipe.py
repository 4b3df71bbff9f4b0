import dataclasses
import pathlib
import re

import pytest

import models
from tf_adapters.methods import Method
from tf_adapters.runs.flags import override
from tf_adapters.runs.recipe import build_model
from tf_adapters.runs.recipe import load_recipe
from tf_adapters.training.config import TrainConfig

FOLDER = pathlib.Path(models.__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("[!_]*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_every_recipe_describes_a_method(name):
    recipe = load_recipe(name)
    config = recipe.Config()
    assert isinstance(config, TrainConfig)
    method = recipe.method(config)
    assert isinstance(method, Method)
    # Where a setting has the name of an argument, it is handed on.
    for key, value in method.get_config().items():
        setting = getattr(config, key, value)
        # The config of a method holds what JSON can hold.
        setting = list(setting) if isinstance(setting, tuple) else setting
        assert setting == value


@pytest.mark.parametrize("name", NAMES)
def test_the_settings_of_a_recipe_reach_its_method(name):
    recipe = load_recipe(name)
    shared = {field.name for field in dataclasses.fields(TrainConfig)}
    changed = {
        "slot": "attention",
        "activation": "relu",
        "bottleneck_dim": 12,
        "init_stddev": 0.5,
        "trained_layers": 1,
        "embedding_dim": 7,
        "projector_dim": 9,
        "length": 7,
        "start": "random",
        "alpha": 4.0,
        "phm_dim": 6,
        "rank": 2,
        "dropped_layers": 1,
        "dim": 36,
        "pal_heads": 3,
        "num_blocks": 2,
        "feedforward_dim": 7,
        "layers": "top",
        "init_gain": 0.5,
        "projection_seed": 3,
        "first_word": 77,
        "targets": "key",
    }
    before = recipe.method(recipe.Config()).get_config()
    for field in dataclasses.fields(recipe.Config):
        if field.name in shared:
            continue
        if isinstance(field.default, bool):
            value = not field.default
            argv = [f"--{'' if value else 'no-'}{field.name}"]
        else:
            value = changed[field.name]
            argv = [f"--{field.name}", str(value)]
        config = override(recipe.Config(), argv, "train.py")
        after = recipe.method(config).get_config()
        different = [after[key] for key in after if after[key] != before[key]]
        assert different in ([value], [[value]])


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_of_a_recipe_is_explained(name):
    config_class = load_recipe(name).Config
    shared = {field.name for field in dataclasses.fields(TrainConfig)}
    own = {field.name for field in dataclasses.fields(config_class)} - shared
    for setting in own:
        assert re.search(
            rf"^ +{setting}: \w|^ +{setting}: `", config_class.__doc__, re.M
        )


@pytest.mark.parametrize("name", NAMES)
def test_every_recipe_says_how_it_is_run(name):
    assert f"python train.py {name}" in load_recipe(name).__doc__


def test_an_unknown_recipe_is_guessed():
    with pytest.raises(ValueError, match="Unknown recipe 'houlsbi'.*'houlsby'"):
        load_recipe("houlsbi")


OWN = '''
from __future__ import annotations

import dataclasses

from tf_adapters import Houlsby
from tf_adapters import TrainConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(TrainConfig):
    """Mine.

    Attributes:
        depth: how deep.
    """

    depth: int = 3


def method(config: Config) -> Houlsby:
    return Houlsby(config.depth)
'''


def test_a_recipe_of_ones_own_is_a_file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(OWN)
    recipe = load_recipe(str(path))
    config = override(recipe.Config(), ["--depth", "4"], "train.py")
    assert recipe.method(config).bottleneck_dim == 4


def test_a_file_that_is_no_recipe_is_refused(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("Config = 1\n")
    with pytest.raises(ValueError, match="must define.*no `method`"):
        load_recipe(str(path))
    with pytest.raises(ValueError, match="no recipe file.*nowhere.py"):
        load_recipe(str(tmp_path / "nowhere.py"))


@pytest.mark.large
def test_the_settings_reach_the_model(tiny_preset, make_tasks):
    recipe = load_recipe("houlsby")
    config = recipe.Config(
        preset=tiny_preset,
        bottleneck_dim=4,
        pooling="mean",
        head_dropout=0.25,
        label_smoothing=0.5,
        loss_weights=("two=2",),
        dtype="mixed_bfloat16",
        sequence_length=64,
    )
    model = build_model(recipe, config, make_tasks())
    assert model.method.bottleneck_dim == 4
    assert model.pooling == "mean"
    assert model.heads.dropout.rate == 0.25
    assert model.label_smoothing == 0.5
    assert model.loss_weights == {"two": 2.0}
    assert model.encoder.dtype_policy.name == "mixed_bfloat16"
    assert model.tokenizer.vocabulary_size() == 50


@pytest.mark.large
def test_sentences_longer_than_the_backbone_reads_are_refused(
    tiny_preset, make_tasks
):
    recipe = load_recipe("houlsby")
    config = recipe.Config(preset=tiny_preset, sequence_length=129)
    with pytest.raises(ValueError, match="sequence_length=129 for 128 pos"):
        build_model(recipe, config, make_tasks())

"""Finds recipes and builds models from them."""

from __future__ import annotations

import importlib
import importlib.util
import pathlib
import sys
import types

from tf_adapters import encoder
from tf_adapters import model
from tf_adapters.data.lookup import unknown_name
from tf_adapters.data.task import Task
from tf_adapters.training.config import TrainConfig
from tf_adapters.training.config import pairs

# `models/` of the repository is installed under the first name.
_PACKAGES = ("tf_adapters_recipes", "models")


def load_recipe(name: str) -> types.ModuleType:
    """Imports a recipe.

    Args:
        name: name of a file in `models/`, such as `"houlsby"`, or the path of
            a recipe of your own, ending in `.py`.

    Returns:
        The module, with a `Config` and a `method`, and with a `space` if it
        says what a search may try (`tuning/space.py`).

    Raises:
        ValueError: if there is no such recipe, or it is not one.
    """
    recipe = _from_file(name) if name.endswith(".py") else _from_package(name)
    for attribute in ("Config", "method"):
        if not hasattr(recipe, attribute):
            raise ValueError(
                "A recipe must define `Config`, a subclass of `TrainConfig`, "
                "and `method(config)`. Received: "
                f"{name!r}, which has no `{attribute}`."
            )
    return recipe


def build_model(
    recipe: types.ModuleType, config: TrainConfig, tasks: list[Task]
) -> model.MultiTaskClassifier:
    """Loads the backbone of a run and puts the recipe's method into it.

    Args:
        recipe: a recipe module.
        config: its `Config`.
        tasks: the tasks, in the order of their ids.

    Returns:
        A `MultiTaskClassifier`, not compiled.
    """
    backbone, tokenizer = encoder.load_preset(config.preset, dtype=config.dtype)
    if config.sequence_length > backbone.max_sequence_length:
        raise ValueError(
            "`sequence_length` must not exceed the positions of the backbone. "
            f"Received: sequence_length={config.sequence_length} for "
            f"{backbone.max_sequence_length} positions."
        )
    return model.MultiTaskClassifier(
        backbone,
        method=recipe.method(config),
        tasks=tasks,
        tokenizer=tokenizer,
        pooling=config.pooling,
        head_dropout=config.head_dropout,
        label_smoothing=config.label_smoothing,
        loss_weights=pairs(config.loss_weights, "loss_weights", float),
    )


def _from_file(name):
    path = pathlib.Path(name)
    if not path.is_file():
        raise ValueError(f"There is no recipe file {name!r}.")
    name = f"tf_adapters_recipe_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    recipe = importlib.util.module_from_spec(spec)
    # Dataclasses look up the module of a class whose annotations are strings.
    sys.modules[name] = recipe
    spec.loader.exec_module(recipe)
    return recipe


def _from_package(name):
    known = []
    for package in _PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is None:
            continue
        folder = pathlib.Path(spec.submodule_search_locations[0])
        known = sorted(p.stem for p in folder.glob("[!_]*.py"))
        if name in known:
            return importlib.import_module(f"{package}.{name}")
    raise ValueError(unknown_name("recipe", name, known))

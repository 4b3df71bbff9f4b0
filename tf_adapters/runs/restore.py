"""Builds the model of a finished run again, from its bundles."""

from __future__ import annotations

import dataclasses
import types

from etils import epy

from tf_adapters import bundles
from tf_adapters import storage
from tf_adapters.runs.config_file import read_config
from tf_adapters.runs.recipe import build_model
from tf_adapters.runs.recipe import load_recipe
from tf_adapters.training.config import TrainConfig

with epy.lazy_imports():
    from tf_adapters.model import multi_task_classifier


def restore_run(
    run_dir: str, preset: str = ""
) -> tuple[multi_task_classifier.MultiTaskClassifier, TrainConfig]:
    """Loads the backbone and the bundle of every task that a run ended with.

    Args:
        run_dir: str. The `output_dir` of a run of `train.py`.
        preset: str. Where the backbone is now, if not where it was.

    Returns:
        Tuple of what `load_bundles` returns, and the config of the run.

    Raises:
        FileNotFoundError: if the folder is not that of a run.
        ValueError: if a bundle is damaged or of another backbone.
    """
    folder = storage.as_path(run_dir)
    name, config, _ = read_config(folder)
    if preset:
        config = dataclasses.replace(config, preset=preset)
    return load_bundles(load_recipe(name), config, folder), config


def load_bundles(
    recipe: types.ModuleType, config: TrainConfig, folder: storage.Path
) -> multi_task_classifier.MultiTaskClassifier:
    """Builds a model as `config` says, of the bundles of a run directory.

    Args:
        recipe: the recipe's module.
        config: its `Config`; the weights of losses in it are left aside.
        folder: the run directory.

    Returns:
        A `MultiTaskClassifier`, not compiled, of the tasks that `config.json`
        names, in their order, so that each has the id it had.

    Raises:
        FileNotFoundError: if the folder is not that of a run.
        ValueError: if a bundle is damaged or does not fit.
    """
    _, run_config, earlier = read_config(folder)
    names = (*earlier, *run_config.tasks)
    folders = [folder / "bundles" / name for name in names]
    # The weights of losses name tasks that the model does not have yet.
    unweighted = dataclasses.replace(config, loss_weights=())
    first = bundles.read_bundle(folders[0]).task
    model = build_model(recipe, unweighted, [first])
    model.load_tasks(folders)
    return model

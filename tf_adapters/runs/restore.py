"""Builds the model of a finished run again, from its bundles."""

import dataclasses
import json
import pathlib
import types

from tf_adapters.bundles import read_bundle
from tf_adapters.model.multi_task_classifier import MultiTaskClassifier
from tf_adapters.runs.recipe import build_model
from tf_adapters.runs.recipe import load_recipe
from tf_adapters.training.config import TrainConfig


def restore_run(
    run_dir: str, preset: str = ""
) -> tuple[MultiTaskClassifier, TrainConfig]:
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
    folder = pathlib.Path(run_dir)
    name, config, _ = _read_config(folder)
    if preset:
        config = dataclasses.replace(config, preset=preset)
    return load_bundles(load_recipe(name), config, folder), config


def load_bundles(
    recipe: types.ModuleType, config: TrainConfig, folder: pathlib.Path
) -> MultiTaskClassifier:
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
    _, run_config, earlier = _read_config(folder)
    names = (*earlier, *run_config.tasks)
    first, *others = [folder / "bundles" / name for name in names]
    # The weights of losses name tasks that the model does not have yet.
    unweighted = dataclasses.replace(config, loss_weights=())
    model = build_model(recipe, unweighted, [read_bundle(first).task])
    for bundle in (first, *others):
        model.load_task(bundle)
    return model


def _read_config(folder: pathlib.Path) -> tuple[str, TrainConfig, list[str]]:
    path = folder / "config.json"
    if not path.is_file() or not (folder / "bundles").is_dir():
        raise FileNotFoundError(
            "A run directory must hold `config.json` and `bundles/`. "
            f"Received: {str(folder)!r}. Pass the --output_dir of a run."
        )
    settings = json.loads(path.read_text("utf-8"))
    name = settings.pop("recipe")
    earlier = settings.pop("earlier_tasks", [])
    values = {
        k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()
    }
    return name, load_recipe(name).Config(**values), earlier

"""Builds the model of a finished run again, from its bundles."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import types
from collections.abc import Iterator

from etils import epy

from tf_adapters import bundles
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
    folder = pathlib.Path(run_dir)
    name, config, _ = _read_config(folder)
    if preset:
        config = dataclasses.replace(config, preset=preset)
    return load_bundles(load_recipe(name), config, folder), config


def load_bundles(
    recipe: types.ModuleType, config: TrainConfig, folder: pathlib.Path
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
    _, run_config, earlier = _read_config(folder)
    names = (*earlier, *run_config.tasks)
    first, *others = [folder / "bundles" / name for name in names]
    # The weights of losses name tasks that the model does not have yet.
    unweighted = dataclasses.replace(config, loss_weights=())
    model = build_model(recipe, unweighted, [bundles.read_bundle(first).task])
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
    with _as_written(path):
        settings = json.loads(path.read_text("utf-8"))
        name = settings.pop("recipe")
        earlier = settings.pop("earlier_tasks", [])
    recipe = load_recipe(name)
    with _as_written(path):
        return name, _config(recipe, settings), earlier


@contextlib.contextmanager
def _as_written(path: pathlib.Path) -> Iterator[None]:
    try:
        yield
    except KeyError as error:
        raise _damaged(path, f"it has no {error}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise _damaged(path, str(error).removesuffix(".")) from error


def _damaged(path: pathlib.Path, reason: str) -> ValueError:
    return ValueError(
        f"`{path}` must be as its run wrote it. Received a file that was "
        f"damaged or edited: {reason}. Mend it, or train again."
    )


def _config(recipe: types.ModuleType, settings: dict) -> TrainConfig:
    fields = {f.name: f.default for f in dataclasses.fields(recipe.Config)}
    unknown = sorted(set(settings) - set(fields))
    if unknown:
        raise ValueError(f"there is no setting {', '.join(unknown)}")
    values = {}
    for name, value in settings.items():
        if isinstance(value, list) and all(isinstance(v, str) for v in value):
            value = tuple(value)
        kind = type(fields[name])
        # JSON writes 1.0 as 1 in other hands than ours.
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise ValueError(f"{name}={value!r} is not of type {kind.__name__}")
        values[name] = value
    return recipe.Config(**values)

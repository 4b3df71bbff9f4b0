"""The `config.json` of a run, read and compared."""

import contextlib
import dataclasses
import json
import types
from collections.abc import Iterator

from tf_adapters import storage
from tf_adapters.runs.recipe import load_recipe
from tf_adapters.training.config import TrainConfig

# Settings with which a run may go on though it began with others.
_MAY_CHANGE = (
    "learning_rate",
    "accumulate_steps",
    "recompute",
    "worker_timeout",
    "checkpoint_steps",
    "resume",
    "deterministic",
    "tensorboard",
    "predict",
    "export",
    "output_dir",
)


def read_config(folder: storage.Path) -> tuple[str, TrainConfig, list[str]]:
    """Reads the settings of a run.

    Args:
        folder: the run directory.

    Returns:
        Tuple of the name of the recipe, its `Config`, and the names of the
        tasks of earlier runs.

    Raises:
        FileNotFoundError: if the folder is not that of a run.
        ValueError: if the file was damaged or edited.
    """
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
        return name, config_of(recipe, settings), earlier


def config_of(recipe: types.ModuleType, settings: dict) -> TrainConfig:
    """Returns the `Config` of a recipe with settings as JSON holds them.

    Args:
        recipe: the recipe's module.
        settings: dict from names to values; others are as by default.

    Raises:
        ValueError: if there is no such setting or it is of another type.
    """
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


def check_same(path: storage.Path, settings: dict) -> None:
    """Refuses settings with which a run that has begun must not go on.

    Args:
        path: `config.json` of the run.
        settings: dict of what JSON can hold, the settings of now.

    Raises:
        ValueError: if any differ, or the file was damaged or edited.
    """
    with _as_written(path):
        begun = dict(json.loads(path.read_text("utf-8")))
    # What is younger than the run was as it is by default.
    defaults = dataclasses.asdict(TrainConfig())
    begun = {**json.loads(json.dumps(defaults)), **begun}
    changed = [
        f"{name}={value!r} instead of {begun.get(name)!r}"
        for name, value in settings.items()
        if begun.get(name) != value and name not in _MAY_CHANGE
    ]
    if changed:
        raise ValueError(
            "A run goes on with the settings that it has begun with, but for "
            f"{', '.join(_MAY_CHANGE)}. Received for `{path.parent}`: "
            f"{'; '.join(changed)}. Leave them as they were, or choose another "
            "`output_dir`."
        )


@contextlib.contextmanager
def _as_written(path: storage.Path) -> Iterator[None]:
    """Says of an error within it that the file is damaged."""
    try:
        yield
    except KeyError as error:
        raise _damaged(path, f"it has no {error}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise _damaged(path, str(error).removesuffix(".")) from error


def _damaged(path: storage.Path, reason: str) -> ValueError:
    return ValueError(
        f"`{path}` must be as its run wrote it. Received a file that was "
        f"damaged or edited: {reason}. Mend it, or train again."
    )

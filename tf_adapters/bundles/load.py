"""Loads one trained task into a model, or refuses and leaves it as it was."""

import dataclasses
import os
from collections.abc import Iterable
from collections.abc import Mapping

import keras

from tf_adapters.bundles import fits
from tf_adapters.bundles.bundle import read_bundle
from tf_adapters.bundles.errors import BundleError
from tf_adapters.bundles.tensors import assign_tasks
from tf_adapters.data.task import Task


def load_task(
    model: keras.Model,
    directory: str | os.PathLike[str],
    name: str | None = None,
) -> str:
    """Loads a task that `save_task` wrote into a model.

    If the model has no task of that name, the task is added, and the model
    must be compiled again before it is trained; if it has, the weights of that
    task are replaced. No other task changes.

    Args:
        model: a `MultiTaskClassifier` of the same backbone, method and
            pooling as the one that the task was trained in.
        directory: what was given to `save_task`.
        name: str. Another name for the task. Defaults to the one it was saved
            under.

    Returns:
        The name of the task in `model`.

    Raises:
        BundleError: if the bundle is damaged or does not fit the model, which
            is then unchanged.
    """
    directories = [directory] if name is None else {name: directory}
    return load_tasks(model, directories)[0]


def load_tasks(
    model: keras.Model,
    directories: (
        Iterable[str | os.PathLike[str]] | Mapping[str, str | os.PathLike[str]]
    ),
) -> list[str]:
    """Loads any number of tasks, as `load_task` does, at the cost of one.

    Args:
        model: as for `load_task`.
        directories: what was given to `save_task`, for each task; or a dict
            from another name for the task to it.

    Returns:
        The names of the tasks in `model`.

    Raises:
        BundleError: if a bundle is damaged or does not fit the model or the
            others, or two tasks have one name. The model is then unchanged.
    """
    if isinstance(directories, str | os.PathLike):
        raise BundleError(
            "`directories` must be several. Received: "
            f"directories={str(directories)!r}. Write it as [directory], or "
            "use `load_task`."
        )
    if isinstance(directories, Mapping):
        names, directories = list(directories), list(directories.values())
    else:
        directories = list(directories)
        names = [None] * len(directories)
    if not directories:
        return []
    bundles = [read_bundle(directory) for directory in directories]
    tasks = [
        _named(bundle.task, name)
        for bundle, name in zip(bundles, names, strict=True)
    ]
    fits.check_names(bundles, tasks)
    fits.check_model(bundles, model)
    known = {task.name: task for task in model.tasks}
    for bundle, task in zip(bundles, tasks, strict=True):
        fits.check_task(bundle, known, task)
    fits.check_tensors(bundles, model)
    fits.check_shared(bundles, model, tasks)
    new = [task for task in tasks if task.name not in known]
    if new:
        model.add_tasks(new)
    loaded = [task.name for task in tasks]
    tensors = [bundle.tensors for bundle in bundles]
    assign_tasks(model, dict(zip(loaded, tensors, strict=True)))
    return loaded


def _named(task: Task, name: str | None) -> Task:
    if name is None:
        return task
    try:
        return dataclasses.replace(task, name=name)
    except ValueError as error:
        raise BundleError(str(error)) from error

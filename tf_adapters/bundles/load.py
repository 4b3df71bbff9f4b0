"""Loads one trained task into a model, or refuses and leaves it as it was."""

import dataclasses
import json
import os

import keras

from tf_adapters.bundles.bundle import JSON_FILE
from tf_adapters.bundles.bundle import WEIGHTS_FILE
from tf_adapters.bundles.bundle import Bundle
from tf_adapters.bundles.bundle import compare_specs
from tf_adapters.bundles.bundle import read_bundle
from tf_adapters.bundles.errors import BundleError
from tf_adapters.bundles.fingerprint import fingerprint
from tf_adapters.bundles.tensors import SHARED
from tf_adapters.bundles.tensors import assign_task
from tf_adapters.bundles.tensors import expected_specs
from tf_adapters.bundles.tensors import shared_variables
from tf_adapters.bundles.tensors import spec_of
from tf_adapters.bundles.tensors import task_tensors
from tf_adapters.data.task import Task

# They say what is measured, not what is predicted.
_FREE_FIELDS = ("name", "metrics")
# Not `module`: a registered class may move.
_METHOD_KEYS = ("class_name", "registered_name", "config")


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
    bundle = read_bundle(directory)
    task = _named(bundle.task, name)
    _check_model(bundle, model)
    _check_task(bundle, model, task)
    _check_tensors(bundle, model, task)
    _check_shared(bundle, model, task)
    if task.name not in model.task_names:
        model.add_task(task)
    assign_task(model, task.name, bundle.tensors)
    return task.name


def _named(task: Task, name: str | None) -> Task:
    if name is None:
        return task
    try:
        return dataclasses.replace(task, name=name)
    except ValueError as error:
        raise BundleError(str(error)) from error


def _check_model(bundle: Bundle, model: keras.Model) -> None:
    path = bundle.directory / JSON_FILE
    serialized = keras.saving.serialize_keras_object(model.method)
    own = json.loads(json.dumps(serialized))
    if any(bundle.method.get(key) != own[key] for key in _METHOD_KEYS):
        raise BundleError(
            "A bundle must be of the method of the model. Received: "
            f"`{path}` of {_call(bundle.method)}, for a model of "
            f"{_call(own)}. Build the model with the method of the bundle."
        )
    if bundle.pooling != model.pooling:
        raise BundleError(
            "A bundle must have been trained with the pooling of the model. "
            f"Received: `{path}` with pooling={bundle.pooling!r}, for a model "
            f"with pooling={model.pooling!r}. Build the model with the former."
        )
    found = fingerprint(model)
    if bundle.fingerprint != found:
        raise BundleError(
            "A bundle must have been trained on the backbone of the model. "
            f"Received: `{path}` of the backbone {bundle.fingerprint[:12]}, "
            f"for a model of the backbone {found[:12]}. Build the model from "
            "the pretrained weights that the task was trained on."
        )


def _call(method: dict[str, object]) -> str:
    config = method.get("config")
    arguments = config.items() if isinstance(config, dict) else ()
    inner = ", ".join(f"{key}={value!r}" for key, value in arguments)
    return f"{method.get('class_name')}({inner})"


def _check_task(bundle: Bundle, model: keras.Model, task: Task) -> None:
    if task.name not in model.task_names:
        return
    theirs = task.get_config()
    ours = model.tasks[model.task_id(task.name)].get_config()
    different = [
        f"{key}={theirs[key]!r} instead of {key}={ours[key]!r}"
        for key in ours
        if key not in _FREE_FIELDS and theirs[key] != ours[key]
    ]
    if different:
        raise BundleError(
            f"The task {task.name!r} of the bundle must be the task of that "
            f"name of the model. Received in `{bundle.directory / JSON_FILE}`: "
            f"{'; '.join(different)}. Load it under another name with `name=`."
        )


def _check_tensors(bundle: Bundle, model: keras.Model, task: Task) -> None:
    wanted = expected_specs(model, task.num_outputs)
    found = {name: spec_of(tensor) for name, tensor in bundle.tensors.items()}
    difference = compare_specs(wanted, found)
    if difference:
        raise BundleError(
            "A bundle must hold the weights that the model has for a task, no "
            f"more and no fewer. Received `{bundle.directory / WEIGHTS_FILE}` "
            f"with {difference}. Build the model as it was when the task was "
            "saved."
        )


def _check_shared(bundle: Bundle, model: keras.Model, task: Task) -> None:
    others = [name for name in model.task_names if name != task.name]
    shared = [SHARED + name for name in shared_variables(model)]
    if not others or not shared:
        return
    own = task_tensors(model, others[0])
    changed = [
        name
        for name in shared
        if own[name].tobytes() != bundle.tensors[name].tobytes()
    ]
    if changed:
        raise BundleError(
            f"{model.method!r} trains weights that all tasks share, and a task "
            "that is loaded must not change the others "
            f"({', '.join(others)}). Received other values in "
            f"`{bundle.directory / WEIGHTS_FILE}`: {', '.join(changed)}. Load "
            f"it into a model whose only task is {task.name!r}."
        )

"""Whether bundles fit a model, before anything of it changes."""

import json

import keras

from tf_adapters.bundles.bundle import JSON_FILE
from tf_adapters.bundles.bundle import WEIGHTS_FILE
from tf_adapters.bundles.bundle import Bundle
from tf_adapters.bundles.bundle import compare_specs
from tf_adapters.bundles.errors import BundleError
from tf_adapters.bundles.fingerprint import fingerprint
from tf_adapters.bundles.tensors import SHARED
from tf_adapters.bundles.tensors import expected_specs
from tf_adapters.bundles.tensors import shared_variables
from tf_adapters.bundles.tensors import spec_of
from tf_adapters.bundles.tensors import task_tensors
from tf_adapters.bundles.tokenizer_fingerprint import tokenizer_fingerprint
from tf_adapters.data.task import Task

# They say what is measured, not what is predicted.
_FREE_FIELDS = ("name", "metrics")
# Not `module`: a registered class may move.
_METHOD_KEYS = ("class_name", "registered_name", "config")


def check_names(bundles: list[Bundle], tasks: list[Task]) -> None:
    """Refuses two tasks of one name."""
    first: dict[str, Bundle] = {}
    for bundle, task in zip(bundles, tasks, strict=True):
        if task.name in first:
            raise BundleError(
                "Tasks that are loaded together must have names of their own. "
                f"Received {task.name!r} from "
                f"`{first[task.name].directory}` and "
                f"from `{bundle.directory}`. Give a dict from the name that "
                "each shall have to its folder."
            )
        first[task.name] = bundle


def check_model(bundles: list[Bundle], model: keras.Model) -> None:
    """Refuses bundles of another method, pooling, backbone or tokenizer."""
    serialized = keras.saving.serialize_keras_object(model.method)
    own = json.loads(json.dumps(serialized))
    found = fingerprint(model)
    tokenizer = tokenizer_fingerprint(model.tokenizer)
    for bundle in bundles:
        path = bundle.directory / JSON_FILE
        if any(bundle.method.get(key) != own[key] for key in _METHOD_KEYS):
            raise BundleError(
                "A bundle must be of the method of the model. Received: "
                f"`{path}` of {_call(bundle.method)}, for a model of "
                f"{_call(own)}. Build the model with the method of the bundle."
            )
        if bundle.pooling != model.pooling:
            raise BundleError(
                "A bundle must have been trained with the pooling of the "
                f"model. Received: `{path}` with pooling={bundle.pooling!r}, "
                f"for a model with pooling={model.pooling!r}. Build the model "
                "with the former."
            )
        if bundle.fingerprint != found:
            raise BundleError(
                "A bundle must have been trained on the backbone of the "
                f"model. Received: `{path}` of the backbone "
                f"{bundle.fingerprint[:12]}, for a model of the backbone "
                f"{found[:12]}. Build the model from the pretrained weights "
                "that the task was trained on."
            )
        # Where either is unknown, token ids may be given as they are.
        known = bundle.tokenizer and tokenizer
        if known and bundle.tokenizer != tokenizer:
            raise BundleError(
                "A bundle must have been trained with the tokenizer of the "
                f"model. Received: `{path}` of the tokenizer "
                f"{bundle.tokenizer[:12]}, for a model of the tokenizer "
                f"{tokenizer[:12]}. Build the model with the preset, or the "
                "vocabulary and its settings, that the task was trained with."
            )


def _call(method: dict[str, object]) -> str:
    config = method.get("config")
    arguments = config.items() if isinstance(config, dict) else ()
    inner = ", ".join(f"{key}={value!r}" for key, value in arguments)
    return f"{method.get('class_name')}({inner})"


def check_task(bundle: Bundle, known: dict[str, Task], task: Task) -> None:
    """Refuses a task that is another than that of its name in the model."""
    if task.name not in known:
        return
    theirs = task.get_config()
    ours = known[task.name].get_config()
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


def check_tensors(bundles: list[Bundle], model: keras.Model) -> None:
    """Refuses other weights than those that the model has for a task."""
    wanted: dict[int, dict] = {}
    for bundle in bundles:
        outputs = bundle.task.num_outputs
        if outputs not in wanted:
            wanted[outputs] = expected_specs(model, outputs)
        found = {k: spec_of(tensor) for k, tensor in bundle.tensors.items()}
        difference = compare_specs(wanted[outputs], found)
        if difference:
            raise BundleError(
                "A bundle must hold the weights that the model has for a task,"
                " no more and no fewer. Received "
                f"`{bundle.directory / WEIGHTS_FILE}` with {difference}. Build "
                "the model as it was when the task was saved."
            )


def check_shared(
    bundles: list[Bundle], model: keras.Model, tasks: list[Task]
) -> None:
    """Refuses shared weights other than those that are there before."""
    shared = [SHARED + name for name in shared_variables(model)]
    if not shared:
        return
    there = list(model.task_names)
    own = task_tensors(model, there[0])
    # First those that replace a task, as the only one of a new model.
    in_order = sorted(
        zip(bundles, tasks, strict=True),
        key=lambda pair: pair[1].name not in model.task_names,
    )
    for bundle, task in in_order:
        others = [name for name in there if name != task.name]
        changed = [
            name
            for name in shared
            if others and own[name].tobytes() != bundle.tensors[name].tobytes()
        ]
        if changed:
            raise BundleError(
                f"{model.method!r} trains weights that all tasks share, and a "
                "task that is loaded must not change the others "
                f"({', '.join(others)}). Received other values in "
                f"`{bundle.directory / WEIGHTS_FILE}`: {', '.join(changed)}. "
                f"Load it into a model whose only task is {task.name!r}."
            )
        own = bundle.tensors
        there = [*others, task.name]

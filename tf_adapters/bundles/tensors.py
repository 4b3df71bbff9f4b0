"""Which weights of a model a bundle holds, and what they are called."""

import dataclasses
from collections.abc import Iterator
from collections.abc import Mapping

import keras
import numpy as np
from keras import ops

from tf_adapters.bundles.errors import BundleError

SHARED = "shared."
_HEAD = "head."
# The NumPy side of safetensors cannot read bfloat16; float32 holds all of it.
_STORED = {"bfloat16": "float32"}


@dataclasses.dataclass(frozen=True)
class TensorSpec:
    """Shape and dtype of one tensor of a bundle."""

    shape: tuple[int, ...]
    dtype: str

    def __str__(self) -> str:
        """Writes `float32(2, 3)`."""
        return f"{self.dtype}{self.shape}"


def spec_of(tensor: np.ndarray) -> TensorSpec:
    """Returns the shape and dtype of an array."""
    return TensorSpec(tuple(tensor.shape), str(tensor.dtype))


def task_tensors(model: keras.Model, name: str) -> dict[str, np.ndarray]:
    """Returns everything that a bundle of the task `name` holds.

    That is the task's row of every bank, the head cut to the outputs of the
    task, and every weight that the tasks share and that the pretrained
    backbone does not bring: weights that the method trains or has made.

    Args:
        model: a `MultiTaskClassifier`.
        name: str. A task of the model.

    Returns:
        dict from the name of a tensor to its values.

    Raises:
        BundleError: if a trainable weight is not among them.
    """
    index = model.task_id(name)
    num_outputs = model.tasks[index].num_outputs
    # safetensors writes the memory of an array, strides unseen: a head that is
    # cut to its own outputs must be made contiguous first.
    found = {
        key: np.ascontiguousarray(_stored(bank)[index][_cut(key, num_outputs)])
        for key, bank in model.banks().items()
    }
    for key, variable in shared_variables(model).items():
        found[SHARED + key] = _stored(variable)
    return found


def expected_specs(
    model: keras.Model, num_outputs: int
) -> dict[str, TensorSpec]:
    """Returns what a bundle for `model` must hold, by name.

    Args:
        model: a `MultiTaskClassifier`.
        num_outputs: int. Outputs of the task.
    """
    specs = {}
    for key, bank in model.banks().items():
        shape = tuple(bank.shape[1:])
        if key.startswith(_HEAD):
            shape = (*shape[:-1], num_outputs)
        specs[key] = TensorSpec(shape, _stored_dtype(bank))
    for key, variable in shared_variables(model).items():
        dtype = _stored_dtype(variable)
        specs[SHARED + key] = TensorSpec(tuple(variable.shape), dtype)
    return specs


def assign_tasks(
    model: keras.Model, tensors: Mapping[str, Mapping[str, np.ndarray]]
) -> None:
    """Puts the tensors of bundles in their places.

    Args:
        model: a `MultiTaskClassifier`.
        tensors: dict from the name of a task of it to what `task_tensors`
            returned for that task, of a model that fits.
    """
    tasks = {task.name: (i, task) for i, task in enumerate(model.tasks)}
    for key, bank in model.banks().items():
        values = np.array(ops.convert_to_numpy(bank))
        for name, own in tensors.items():
            index, task = tasks[name]
            values[index][_cut(key, task.num_outputs)] = own[key]
        bank.assign(values)
    for key, variable in shared_variables(model).items():
        # Those of the others are equal.
        variable.assign(next(iter(tensors.values()))[SHARED + key])


def shared_variables(model: keras.Model) -> dict[str, keras.Variable]:
    """Returns the weights that every task uses and a bundle must hold.

    Args:
        model: a `MultiTaskClassifier`.

    Returns:
        dict from a stable name to the variable.

    Raises:
        BundleError: if two have one name, or if the model trains a weight
            that has no name here and would be lost.
    """
    encoder = model.encoder
    named = [(weight.path, weight) for weight in encoder.trained_weights()]
    taken = {id(bank) for bank in model.banks().values()}
    taken |= {id(weight) for weight in encoder.pretrained_weights()}
    for prefix, layer in encoder.method_layers().items():
        for key, weight in _named_weights(layer, prefix):
            if id(weight) not in taken:
                taken.add(id(weight))
                named.append((key, weight))
    _check_named(model, named)
    return dict(named)


def _named_weights(
    layer: keras.layers.Layer, prefix: str
) -> Iterator[tuple[str, keras.Variable]]:
    """Names weights by their place: Keras numbers nameless layers anew."""
    inner = list(layer._flatten_layers(include_self=False, recursive=False))
    below = {id(weight) for sub in inner for weight in sub.weights}
    for weight in layer.weights:
        if id(weight) not in below:
            yield f"{prefix}.{weight.name}", weight
    for i, sub in enumerate(inner):
        yield from _named_weights(sub, f"{prefix}.{i}")


def _check_named(
    model: keras.Model, named: list[tuple[str, keras.Variable]]
) -> None:
    keys = [key for key, _ in named]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise BundleError(
            "Shared weights must have names of their own to be saved. "
            f"Received twice, from {model.method!r}: {', '.join(twice)}. Give "
            "each `add_weight` of a layer another `name`."
        )
    saved = {id(weight) for _, weight in named}
    saved |= {id(bank) for bank in model.banks().values()}
    lost = [w.path for w in model.trainable_weights if id(w) not in saved]
    if lost:
        raise BundleError(
            "A bundle must hold every weight that is trained. Received "
            f"trainable weights that {model.method!r} does not train: "
            f"{', '.join(lost)}. Write a method whose `trains` frees them, or "
            "set their `trainable` to False."
        )


def _cut(key: str, num_outputs: int) -> tuple[slice | type(...), ...]:
    return (..., slice(num_outputs)) if key.startswith(_HEAD) else (...,)


def _stored_dtype(variable: keras.Variable) -> str:
    dtype = str(variable.dtype)
    return _STORED.get(dtype, dtype)


def _stored(variable: keras.Variable) -> np.ndarray:
    array = ops.convert_to_numpy(variable)
    return array.astype(_stored_dtype(variable))

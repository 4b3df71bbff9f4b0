"""How alike the tasks of a model are, by what was learned for them."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from keras import ops

from tf_adapters.layers import TaskEmbedding
from tf_adapters.layers import TaskLayer
from tf_adapters.tensorboard.measures.probe import probe_batch
from tf_adapters.tensorboard.measures.probe import run
from tf_adapters.tensorboard.panels.adapter_panel import ADDED

# Tokens that are compared: a matrix of so many rows and columns for each task.
_TOKENS = 256


def task_embeddings(model) -> np.ndarray | None:
    """Returns the vectors that hypernetworks make adapters from, if any.

    Args:
        model: a `MultiTaskClassifier`.

    Returns:
        float array of shape `(num_tasks, dim)`, or `None`.
    """
    for layer in model.encoder.method_layers().values():
        if isinstance(layer, TaskEmbedding):
            return ops.convert_to_numpy(layer.embedding)
    return None


def cosines(vectors: np.ndarray) -> np.ndarray:
    """Returns the cosine of each two rows.

    Args:
        vectors: float array of shape `(num_vectors, dim)`.

    Returns:
        float array of shape `(num_vectors, num_vectors)`; NaN for a vector of
        zeros.
    """
    sizes = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = vectors / np.where(sizes > 0, sizes, np.nan)
    return units @ units.T


def gradient_cosines(training, count: int = 8) -> np.ndarray | None:
    """Compares where the losses of the tasks pull what the tasks share.

    Args:
        training: a `Training`.
        count: int. Examples of each task. Defaults to 8.

    Returns:
        float array of shape `(num_tasks, num_tasks)`, or `None` if the tasks
        share nothing that trains, or there is no example of one of them.
    """
    model = training.model
    banks = {id(bank) for bank in model.banks().values()}
    shared = [id(w) not in banks for w in model.trainable_variables]
    if not any(shared):
        return None
    found = []
    for task in range(len(model.task_names)):
        data = probe_batch(training, [task], count)
        if data is None:
            return None
        own = run(model, data).gradients
        found.append(
            np.concatenate(
                [
                    np.ravel(g)
                    for g, is_shared in zip(own, shared, strict=True)
                    if is_shared and g is not None
                ]
            )
        )
    return cosines(np.stack(found))


def adapter_cka(training, count: int = 4) -> np.ndarray | None:
    """Compares what the adapters of the tasks add to the same hidden states.

    Centred kernel alignment with a linear kernel (Kornblith et al., 2019),
    mean over the layers in the slots.

    Args:
        training: a `Training`.
        count: int. Examples of each task whose hidden states are read.
            Defaults to 4.

    Returns:
        float array of shape `(num_tasks, num_tasks)`, or `None` if the method
        has no layers of which each task has its own.
    """
    model = training.model
    num_tasks = len(model.task_names)
    data = probe_batch(training, range(num_tasks), count)
    layers = {
        name: layer
        for name, layer in model.encoder.slot_layers().items()
        if isinstance(layer, TaskLayer)
        and not name.endswith(".norm")
        and name != "prompt"
    }
    if data is None or not layers:
        return None
    seen = run(model, data)
    padding_mask = data[0]["padding_mask"]
    found = []
    for name, layer in layers.items():
        inputs = seen.slots[name][0]
        if inputs.shape[:2] != padding_mask.shape:
            # One token of the last layer, or more with a prompt.
            mask, own = None, np.ones(inputs.shape[:2], bool)
        else:
            mask, own = padding_mask, seen.mask
        grams = [
            _gram(name, layer, inputs, task, mask, own)
            for task in range(num_tasks)
        ]
        found.append(cosines(np.stack([g.ravel() for g in grams])))
    return np.mean(found, axis=0)


def _gram(name, layer, inputs, task, padding_mask, own) -> np.ndarray:
    """Returns the centred products of what is added to each two tokens."""
    outputs = layer(
        inputs, task_ids=tf.constant(task), padding_mask=padding_mask
    )
    is_added = name.split(".")[-2] in ADDED
    added = outputs if is_added else outputs - inputs
    rows = ops.convert_to_numpy(ops.cast(added, "float32"))[own][:_TOKENS]
    rows = rows - rows.mean(axis=0)
    return rows @ rows.T

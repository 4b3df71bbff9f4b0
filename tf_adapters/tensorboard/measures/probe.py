"""A few examples, and what the model makes of them.

All is computed in this process alone, one operation after the other: nothing
is compiled for it, and workers that train together need not agree on it.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import tensorflow as tf
from keras import ops

from tf_adapters.data.batches.encoded import EncodedExamples
from tf_adapters.data.batches.pipeline import batches
from tf_adapters.data.batches.plan import default_widths
from tf_adapters.data.batches.plan import plan_once
from tf_adapters.encoder.nested_scope import NestedScope


@dataclasses.dataclass(frozen=True, eq=False)
class Pass:
    """What went through the model, and back.

    Attributes:
        slots: dict from the name of a layer in a slot to what it read and
            returned, Tensors.
        mask: bool array of shape `(batch_size, sequence_length)`.
        gradients: list of Tensors or `None`, one for each trainable weight,
            of the mean loss.
    """

    slots: dict
    mask: np.ndarray
    gradients: list


def probe_batch(training, task_ids, count: int):
    """Takes the first examples of some tasks.

    Args:
        training: a `Training`.
        task_ids: sequence of ints.
        count: int. The most examples of a task.

    Returns:
        Tuple `(x, y, sample_weight)`, as for `fit`, or `None` where there are
        neither a training set nor dev sets.
    """
    encoded = _encoded(training)
    if encoded is None:
        return None
    rows = np.concatenate(
        [np.flatnonzero(encoded.task_ids == i)[:count] for i in task_ids]
    )
    if not len(rows):
        return None
    # A dataset of all examples would copy them all.
    own = encoded.rows(rows)
    widths = default_widths(int(own.lengths.max()))
    return next(iter(batches(own, plan_once(own.lengths, len(rows), widths))))


def run(model, data) -> Pass:
    """Computes a batch without dropout, and its gradient.

    Args:
        model: a `MultiTaskClassifier`.
        data: `(x, y, sample_weight)`.
    """
    x, y, sample_weight = data
    slots = {}
    weights = model.trainable_variables
    # Replicas have copies of a variable, and a tape watches none of them.
    values = [tf.identity(weight.value) for weight in weights]
    replicas = model.distribute_strategy.num_replicas_in_sync
    with tf.GradientTape() as tape:
        tape.watch(values)
        with (
            NestedScope(zip(weights, values, strict=True)),
            model.encoder.observed(
                lambda name, *seen: slots.setdefault(name, seen)
            ),
        ):
            outputs = model(x, training=False)
            loss = model.compute_loss(x, y, outputs, sample_weight)
        # It is a share of that of all replicas.
        loss = replicas * loss
    gradients = tape.gradient(loss, values)
    gradients = [
        None if g is None else tf.convert_to_tensor(g) for g in gradients
    ]
    mask = ops.convert_to_numpy(x["padding_mask"]).astype(bool)
    return Pass(slots, mask, gradients)


def _encoded(training) -> EncodedExamples | None:
    if training.training_set is not None:
        return training.training_set.examples
    if not training.dev:
        return None
    encode = training.predictor.encode
    return EncodedExamples.concatenate(
        [encode(own.take(_DEV, seed=0)) for own in training.dev.values()]
    )


# Of a dev set, if there is nothing else.
_DEV = 32

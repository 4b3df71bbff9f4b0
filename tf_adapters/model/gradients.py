"""The gradient of a batch, computed at once or part by part."""

import keras
import tensorflow as tf
from keras import ops
from keras import tree

from tf_adapters.encoder.nested_scope import NestedScope


def gradients_at_once(model, data, share=1.0):
    """Computes the gradient of a batch.

    Args:
        model: a compiled `TaskTrainer`.
        data: `(x, y, sample_weight)`.
        share: float, or Tensor of shape `()`. What the gradient is multiplied
            by. Defaults to 1.

    Returns:
        Tuple of the loss, the outputs of the model, and a list of gradients,
        one for each trainable weight, `None` where there is none. They are
        scaled if the optimizer scales losses.
    """
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    with tf.GradientTape() as tape:
        outputs = model(x, training=True)
        loss = model.compute_loss(x, y, outputs, sample_weight)
        scaled = model.optimizer.scale_loss(share * loss)
    return loss, outputs, tape.gradient(scaled, model.trainable_weights)


def gradients_in_parts(model, data, count, share=1.0):
    """Computes it part by part, in the memory that one part needs.

    The parts are as large as one another and one follows the other, so that
    the sums are those of the whole batch, to rounding.

    Args:
        model, data, share: as for `gradients_at_once`.
        count: int. Number of parts.

    Returns:
        What `gradients_at_once` returns for the whole batch.

    Raises:
        ValueError: if the rows of the batch do not divide by `count`.
    """
    parts = tree.map_structure(lambda rows: _parted(rows, count), data)
    weights = model.trainable_weights
    seeds = [v for v in model.non_trainable_variables if is_seed(v)]
    has_none = [True] * len(weights)

    def compute(i, loss, sums, drawn, collected):
        own = tree.map_structure(lambda rows: _part(rows, i), parts)
        # A loop may not assign variables where replicas train together.
        with NestedScope(zip(seeds, drawn, strict=True)) as scope:
            part = gradients_at_once(model, own, share / count)
        for k, gradient in enumerate(part[2]):
            if gradient is not None:
                has_none[k] = False
                sums[k] += tf.convert_to_tensor(gradient)
        check_only_seeds(scope.assigned)
        drawn = [scope.stored(seed) for seed in seeds]
        loss += part[0] / count
        return i + 1, loss, sums, drawn, collected.write(i, part[1])

    collected = tf.TensorArray("float32", count)
    zeros = [tf.zeros(w.shape, w.dtype) for w in weights]
    start = [tf.identity(seed.value) for seed in seeds]
    _, loss, sums, drawn, collected = tf.while_loop(
        lambda i, *_: i < count,
        compute,
        (tf.constant(0), tf.constant(0.0), zeros, start, collected),
        parallel_iterations=1,
        maximum_iterations=count,
    )
    for seed, value in zip(seeds, drawn, strict=True):
        seed.assign(value)
    gradients = [
        None if none else g for none, g in zip(has_none, sums, strict=True)
    ]
    outputs = collected.stack()
    return loss, tf.reshape(outputs, (-1, outputs.shape[-1])), gradients


def share_of_replica(rows):
    """Returns by how much a replica has more rows than the others.

    Args:
        rows: Tensor of shape `(batch_size, ...)`.

    Returns:
        1 where all have as many, which their shape tells, else a float32
        Tensor: its rows times the number of replicas over all rows.
    """
    replica = tf.distribute.get_replica_context()
    count = replica.num_replicas_in_sync
    if count == 1 or rows.shape[0] is not None:
        return 1.0
    own = tf.cast(tf.shape(rows)[0], "float32")
    return own * count / replica.all_reduce("SUM", own)


def check_only_seeds(variables):
    """Refuses what a step assigns and a part of one would lose.

    Raises:
        ValueError: if one is no state of a dropout.
    """
    others = [v.path for v in variables if not is_seed(v)]
    if others:
        raise ValueError(
            "With `accumulate_steps` the layers of a model must assign no "
            "variable but the state of a dropout. Received assignments of: "
            f"{', '.join(others)}. Train without it."
        )


def is_seed(variable):
    """Whether a variable that is not trained is the state of a dropout."""
    return "int" in str(variable.dtype)


def _parted(rows, count):
    if rows is None or len(rows.shape) == 0:
        # No weights, or one task for the whole batch.
        return rows
    size, *others = ops.shape(rows)
    rule = (
        "A batch must divide by `accumulate_steps`, on each replica. Received: "
        f"accumulate_steps={count} for {rows.shape[0] or 'other'} rows. Use "
        "batches of a multiple of it, and leave out or fill up a last one that "
        "is smaller."
    )
    if rows.shape[0] is None:
        is_whole = tf.debugging.assert_equal(size % count, 0, rule)
        with tf.control_dependencies([is_whole]):
            rows = tf.identity(rows)
    elif size % count:
        raise ValueError(rule)
    return tf.reshape(rows, (count, size // count, *others))


def _part(rows, i):
    return rows if rows is None or len(rows.shape) == 0 else rows[i]

"""The gradient of a batch, computed at once or part by part."""

import keras
import tensorflow as tf
from keras import tree

from tf_adapters.encoder.nested_scope import NestedScope


def gradients_at_once(model, data, share=1.0):
    """Computes the gradient of a batch.

    Args:
        model: a compiled `TaskTrainer`.
        data: `(x, y, sample_weight)`.
        share: float. What the loss is multiplied by. Defaults to 1.

    Returns:
        Tuple of the loss, the outputs of the model, and a list of gradients,
        one for each trainable weight, `None` where there is none. They are
        scaled if the optimizer scales losses.
    """
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    with tf.GradientTape() as tape:
        outputs = model(x, training=True)
        loss = share * model.compute_loss(x, y, outputs, sample_weight)
        scaled = model.optimizer.scale_loss(loss)
    return loss, outputs, tape.gradient(scaled, model.trainable_weights)


def gradients_in_parts(model, data, count):
    """Computes it part by part, in the memory that one part needs.

    The parts are as large as one another and one follows the other, so that
    the sums are those of the whole batch, to rounding.

    Args:
        model, data: as for `gradients_at_once`.
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
            part = gradients_at_once(model, own, 1 / count)
        for k, gradient in enumerate(part[2]):
            if gradient is not None:
                has_none[k] = False
                sums[k] += tf.convert_to_tensor(gradient)
        drawn = [scope.stored(seed) for seed in seeds]
        return i + 1, loss + part[0], sums, drawn, collected.write(i, part[1])

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


def is_seed(variable):
    """Whether a variable that is not trained is the state of a dropout."""
    return "int" in str(variable.dtype)


def _parted(rows, count):
    if rows is None or len(rows.shape) == 0:
        # No weights, or one task for the whole batch.
        return rows
    size = rows.shape[0]
    if size is not None and size % count:
        raise ValueError(
            "A batch must divide by `accumulate_steps`, on each replica. "
            f"Received: accumulate_steps={count} for {size} rows. Use batches "
            f"of, say, {size - size % count or count} rows, and leave out or "
            "fill up a last one that is smaller."
        )
    return tf.reshape(rows, (count, -1, *rows.shape[1:]))


def _part(rows, i):
    return rows if rows is None or len(rows.shape) == 0 else rows[i]

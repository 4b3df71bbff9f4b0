"""What the served model says of an example, from its logits."""

import numpy as np
import tensorflow as tf

from tf_adapters.data.task import Task


def answer(
    logits: tf.Tensor, task_ids: tf.Tensor, tasks: list[Task]
) -> dict[str, tf.Tensor]:
    """Turns logits into scores and labels.

    Args:
        logits: Tensor of shape `(batch_size, max_outputs)`, as
            `MultiTaskClassifier` returns it.
        task_ids: int32 Tensor of shape `(batch_size,)`.
        tasks: the tasks of the model, in the order of their ids.

    Returns:
        dict of three Tensors:
        `scores`, float32 of shape `(batch_size, max_outputs)`: the
        probabilities of the classes, 0 for outputs that the task does not
        have. A regression is column 0, in the task's units, clipped to its
        range.
        `label`, string of shape `(batch_size,)`: the name of the likeliest
        class. For a regression, its value with up to six significant digits.
        `label_index`, int32 of shape `(batch_size,)`: the index of that
        class. For a regression, -1.
    """
    logits = tf.cast(logits, tf.float32)
    is_regression = tf.gather([t.is_regression for t in tasks], task_ids)
    value = _value(logits[:, 0], task_ids, tasks)
    columns = [[0, 0], [0, max(t.num_outputs for t in tasks) - 1]]
    scores = tf.where(
        is_regression[:, None],
        tf.pad(value[:, None], columns),
        tf.nn.softmax(logits),
    )
    best = tf.argmax(logits, axis=1, output_type=tf.int32)
    places = tf.stack([task_ids, best], axis=1)
    label = tf.where(
        is_regression,
        tf.strings.as_string(value, shortest=True),
        tf.gather_nd(label_table(tasks), places),
    )
    label_index = tf.where(is_regression, -1, best)
    return {"scores": scores, "label": label, "label_index": label_index}


def _value(
    output: tf.Tensor, task_ids: tf.Tensor, tasks: list[Task]
) -> tf.Tensor:
    """Brings output 0 from the range 0 to 1 to the range of its task."""
    ranges = [t.value_range or (0.0, 1.0) for t in tasks]
    bounds = tf.gather(tf.constant(ranges, tf.float32), task_ids)
    low, high = bounds[:, 0], bounds[:, 1]
    return tf.clip_by_value(low + (high - low) * output, low, high)


def label_table(tasks: list[Task]) -> tf.Tensor:
    """Returns labels of shape `(num_tasks, max_outputs)`, `""` for none."""
    width = max(t.num_outputs for t in tasks)
    rows = [t.labels + ("",) * (width - len(t.labels)) for t in tasks]
    return tf.constant(np.array(rows, dtype=object), tf.string)

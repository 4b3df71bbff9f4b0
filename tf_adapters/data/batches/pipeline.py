"""A plan and encoded examples as a `tf.data.Dataset`."""

import numpy as np
import tensorflow as tf

from tf_adapters.data.batches.encoded import EncodedExamples
from tf_adapters.data.batches.plan import Plan


def batches(examples: EncodedExamples, plan: Plan) -> tf.data.Dataset:
    """Returns the batches of `plan`, ready for `fit` and `predict`.

    Args:
        examples: the examples that the plan refers to.
        plan: which of them go into which batch.

    Returns:
        Dataset of tuples `(x, y, sample_weight)`. `x` is a dict of int32
        Tensors: `token_ids`, `segment_ids` and `padding_mask` of shape
        `(batch_size, width)`, `task_ids` of shape `(batch_size,)`; `y` holds
        the float32 targets and `sample_weight` is 0 for padded rows, both of
        shape `(batch_size,)`.
    """
    batch_size = plan.indices.shape[1]
    widths = set(plan.widths.tolist())
    # One width makes every shape static, which TPUs ask for.
    static = widths.pop() if len(widths) == 1 else None
    columns = _columns(examples)

    def assemble(indices, width):
        width = width if static is None else static
        real = indices >= 0
        rows = {
            k: tf.gather(v, tf.maximum(indices, 0)) for k, v in columns.items()
        }
        lengths = tf.where(real, rows["lengths"], 1)
        positions = tf.range(width)[None, :]
        mask = positions < lengths[:, None]
        where = rows["starts"][:, None] + tf.cast(positions, tf.int64)
        tokens = tf.gather(token_ids, tf.where(mask, where, 0))
        segments = mask & (positions >= rows["first_lengths"][:, None])
        x = {
            "token_ids": tf.where(mask, tokens, examples.pad_id),
            "segment_ids": tf.cast(segments, tf.int32),
            "padding_mask": tf.cast(mask, tf.int32),
            "task_ids": rows["task_ids"],
        }
        for key in ("token_ids", "segment_ids", "padding_mask"):
            x[key] = tf.ensure_shape(x[key], (batch_size, static))
        return x, rows["targets"], tf.cast(real, tf.float32)

    token_ids = tf.constant(examples.token_ids, tf.int32)
    dataset = tf.data.Dataset.from_tensor_slices((plan.indices, plan.widths))
    dataset = dataset.map(assemble, num_parallel_calls=2, deterministic=True)
    dataset = dataset.apply(
        tf.data.experimental.assert_cardinality(len(plan.indices))
    )
    return dataset.prefetch(8)


def _columns(examples: EncodedExamples) -> dict[str, tf.Tensor]:
    starts = np.cumsum(examples.lengths, dtype=np.int64) - examples.lengths
    return {
        "starts": tf.constant(starts, tf.int64),
        "lengths": tf.constant(examples.lengths, tf.int32),
        "first_lengths": tf.constant(examples.first_lengths, tf.int32),
        "task_ids": tf.constant(examples.task_ids, tf.int32),
        "targets": tf.constant(examples.targets, tf.float32),
    }

"""Requests that are tokenised already, checked inside the graph."""

import tensorflow as tf

from tf_adapters.export.graph.request import check
from tf_adapters.export.graph.request import check_same_length
from tf_adapters.export.graph.request import wrong_rows


def read_tokens(
    inputs: dict[str, tf.Tensor],
    task_ids: tf.Tensor,
    limits: dict[str, int],
    max_sequence_length: int,
) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
    """Checks a request of ids.

    Args:
        inputs: dict of int32 Tensors of shape `(batch_size,
            sequence_length)`, `token_ids` and `padding_mask` among them.
        task_ids: int32 Tensor of shape `(batch_size,)`.
        limits: dict from the name of an input to the number of its ids.
        max_sequence_length: int. Positions of the encoder.

    Returns:
        Tuple of the inputs and the task ids.
    """
    everything = {**inputs, "task_ids": task_ids}
    with tf.control_dependencies([check_same_length(everything)]):
        everything = {k: tf.identity(v) for k, v in everything.items()}
    inputs = {name: everything[name] for name in inputs}
    shapes = _check_same_shape(inputs)
    with tf.control_dependencies([shapes]):
        width = tf.shape(tf.identity(inputs["token_ids"]))[1]
    checks = [
        check(
            (width >= 1) & (width <= max_sequence_length),
            "The width of `token_ids` must be from 1 to the positions of the "
            f"encoder, {max_sequence_length}. Received: ",
            tf.strings.as_string(width),
            " columns. Truncate the text, or cut off padding.",
        ),
        _check_mask(inputs["padding_mask"]),
    ]
    checks += [
        _check_range(name, everything[name], size)
        for name, size in limits.items()
    ]
    with tf.control_dependencies([shapes, *checks]):
        everything = {k: tf.identity(v) for k, v in everything.items()}
    task_ids = everything.pop("task_ids")
    return everything, task_ids


def _check_same_shape(inputs: dict[str, tf.Tensor]) -> tf.Operation:
    widths = tf.stack([tf.shape(value)[1] for value in inputs.values()])
    names = ", ".join(f"`{name}`" for name in inputs)
    return check(
        tf.reduce_all(widths == widths[0]),
        f"{names} must have the same width. Received: ",
        tf.strings.reduce_join(tf.strings.as_string(widths), separator=", "),
        " columns. Pad all of them to the same width.",
    )


def _check_mask(mask: tf.Tensor) -> tf.Operation:
    is_bit = tf.reduce_all((mask == 0) | (mask == 1), axis=1)
    # That there is no column is said of the width.
    is_some = tf.reduce_any(mask == 1, axis=1) | (tf.shape(mask)[1] == 0)
    is_right = is_bit & is_some
    return check(
        tf.reduce_all(is_right),
        "`padding_mask` must be 1 for the tokens of a row, of which there must "
        "be one, and 0 for padding. Received: another in row ",
        wrong_rows(~is_right),
        ". Send 1 for every token of the text.",
    )


def _check_range(name: str, ids: tf.Tensor, size: int) -> tf.Operation:
    wrong = (ids < 0) | (ids >= size)
    first = tf.strings.as_string(tf.boolean_mask(ids, wrong)[:5])
    return check(
        ~tf.reduce_any(wrong),
        f"`{name}` must be from 0 to {size - 1}. Received: ",
        tf.strings.reduce_join(first, separator=", "),
        ". Look up the ids in the tokenizer and the tasks of this model.",
    )

"""Requests, checked inside the graph: a wrong one is an error, not an answer.

Every check is a control dependency of what is read afterwards, so it runs
wherever the outputs are computed.
"""

from collections.abc import Callable
from collections.abc import Iterable

import tensorflow as tf

from tf_adapters.data.task import Task


def check(condition: tf.Tensor, *message: str | tf.Tensor) -> tf.Operation:
    """Returns an operation that fails unless `condition` holds.

    Args:
        condition: scalar bool Tensor.
        *message: strings and scalar string Tensors, joined.

    Returns:
        An operation that raises `tf.errors.InvalidArgumentError`.
    """
    return tf.debugging.Assert(condition, [tf.strings.join(message)])


def check_same_length(inputs: dict[str, tf.Tensor]) -> tf.Operation:
    """Fails unless all `inputs` have the same number of rows."""
    sizes = {name: tf.shape(value)[0] for name, value in inputs.items()}
    received = [
        part
        for name, size in sizes.items()
        for part in (f", {name}=", tf.strings.as_string(size))
    ]
    received[0] = received[0].removeprefix(",")
    sizes = tf.stack(list(sizes.values()))
    return check(
        tf.reduce_all(sizes == sizes[0]),
        f"{_listed(inputs)} must have the same number of rows. Received:",
        *received,
        ". Send one row of each for every example.",
    )


def check_not_empty(
    name: str, is_blank: tf.Tensor, needed: tf.Tensor | bool = True
) -> tf.Operation:
    """Fails if a text is blank that is needed.

    Args:
        name: str. Name of the input, for the message.
        is_blank: bool Tensor of shape `(batch_size,)`.
        needed: bool, or a bool Tensor of that shape: where a text is needed at
            all. Defaults to `True`.

    Returns:
        An operation.
    """
    blank = is_blank & needed
    return check(
        ~tf.reduce_any(blank),
        f"`{name}` must not be empty where the task reads it. Received: "
        "nothing in row ",
        _rows(blank),
        ". Send the text, or leave out the row.",
    )


def read_task_ids(task: tf.Tensor, known: list[str]) -> tf.Tensor:
    """Returns the ids of the tasks that are called by name.

    Args:
        task: string Tensor of shape `(batch_size,)`.
        known: names of the tasks, in the order of their ids.

    Returns:
        int32 Tensor of shape `(batch_size,)`.
    """
    matches = tf.equal(task[:, None], tf.constant(known)[None, :])
    unknown = ~tf.reduce_any(matches, axis=1)
    names = tf.boolean_mask(task, unknown)[:5]
    is_known = check(
        ~tf.reduce_any(unknown),
        "`task` must name a task of this model. Received: ",
        tf.strings.reduce_join(names, separator=", "),
        " in row ",
        _rows(unknown),
        f". Known tasks: {', '.join(known)}.",
    )
    with tf.control_dependencies([is_known]):
        matches = tf.cast(matches, tf.int32)
    return tf.argmax(matches, axis=1, output_type=tf.int32)


def read_mixed(
    text: tf.Tensor,
    text_pair: tf.Tensor,
    task: tf.Tensor,
    tasks: list[Task],
    is_blank: Callable[[tf.Tensor], tf.Tensor],
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Checks a request whose examples belong to any tasks.

    Args:
        text, text_pair, task: string Tensors of shape `(batch_size,)`.
        tasks: the tasks of the model, in the order of their ids.
        is_blank: function from texts to whether nothing of them is read.

    Returns:
        Tuple of the two texts and the task ids.
    """
    inputs = {"text": text, "text_pair": text_pair, "task": task}
    with tf.control_dependencies([check_same_length(inputs)]):
        task_ids = read_task_ids(tf.identity(task), [t.name for t in tasks])
    is_pair = tf.gather([t.is_pair for t in tasks], task_ids)
    extra = tf.not_equal(text_pair, "") & ~is_pair
    single = ", ".join(t.name for t in tasks if not t.is_pair)
    no_extra = check(
        ~tf.reduce_any(extra),
        "`text_pair` must be empty for a task that reads one text "
        f"({single}). Received: a second text in row ",
        _rows(extra),
        ". Send an empty string.",
    )
    given = check_not_empty("text", is_blank(text))
    pair_given = check_not_empty("text_pair", is_blank(text_pair), is_pair)
    with tf.control_dependencies([given, pair_given, no_extra]):
        return tf.identity(text), tf.identity(text_pair), task_ids


def read_columns(
    texts: dict[str, tf.Tensor], is_blank: Callable[[tf.Tensor], tf.Tensor]
) -> list[tf.Tensor]:
    """Checks a request to one task and returns its one or two texts.

    Args:
        texts: dict from the name of an input to a string Tensor of shape
            `(batch_size,)`.
        is_blank: as for `read_mixed`.

    Returns:
        list of the Tensors.
    """
    with tf.control_dependencies([check_same_length(texts)]):
        given = [
            check_not_empty(k, is_blank(tf.identity(v)))
            for k, v in texts.items()
        ]
    with tf.control_dependencies(given):
        return [tf.identity(text) for text in texts.values()]


def _rows(mask: tf.Tensor) -> tf.Tensor:
    rows = tf.strings.as_string(tf.where(mask)[:5, 0])
    return tf.strings.reduce_join(rows, separator=", ")


def _listed(names: Iterable[str]) -> str:
    *others, last = [f"`{name}`" for name in names]
    return f"{', '.join(others)} and {last}" if others else last

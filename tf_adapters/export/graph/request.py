"""Requests, checked inside the graph: a wrong one is an error, not an answer.

Every check is a control dependency of what is read afterwards, so it runs
wherever the outputs are computed.
"""

from collections.abc import Callable
from collections.abc import Iterable

import tensorflow as tf

from tf_adapters.export.graph.known_tasks import KnownTasks


def check(condition: tf.Tensor, *message: str | tf.Tensor) -> tf.Operation:
    """Returns an operation that fails unless `condition` holds.

    Args:
        condition: scalar bool Tensor.
        *message: strings and scalar string Tensors, joined.

    Returns:
        An operation that raises `tf.errors.InvalidArgumentError`.
    """
    return tf.debugging.Assert(condition, [tf.strings.join(message)])


def check_rank(inputs: dict[str, tf.Tensor]) -> list[tf.Operation]:
    """Fails where an input has another rank than its signature says.

    A session feeds what it is given. A graph optimiser believes the rank that
    a signature says, and folds `tf.rank` to it; the shape as text it leaves.
    """
    checks = []
    for name, value in inputs.items():
        sizes = tf.strings.as_string(tf.shape(value))
        shape = tf.strings.reduce_join(sizes, separator=", ")
        pattern = ", ".join(["[0-9]+"] * value.shape.rank)
        is_right = tf.strings.regex_full_match(shape, pattern)
        rule = f"`{name}` must have {value.shape.rank} dimension(s)."
        if value.shape.rank == 1:
            advice = "). Send a list of one value for each row."
        else:
            advice = "). Send a row of ids for each example."
        checks.append(
            check(is_right, f"{rule} Received: shape=(", shape, advice)
        )
    return checks


def check_same_length(inputs: dict[str, tf.Tensor]) -> tf.Operation:
    """Fails unless all `inputs` have their rank and the same number of rows."""
    with tf.control_dependencies(check_rank(inputs)):
        sizes = {
            name: tf.shape(tf.identity(value))[0]
            for name, value in inputs.items()
        }
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
        wrong_rows(blank),
        ". Send the text, or leave out the row.",
    )


def read_task_ids(task: tf.Tensor, known: KnownTasks) -> tf.Tensor:
    """Returns the ids of the tasks that are called by name.

    Args:
        task: string Tensor of shape `(batch_size,)`.
        known: the tasks of the model.

    Returns:
        int32 Tensor of shape `(batch_size,)`.
    """
    task_ids = known.ids(task)
    unknown = task_ids < 0
    names = _shown(tf.boolean_mask(task, unknown)[:5])
    is_known = check(
        ~tf.reduce_any(unknown),
        "`task` must name a task of this model. Received: ",
        tf.strings.reduce_join(names, separator=", "),
        " in row ",
        wrong_rows(unknown),
        f". Known tasks: {known.listed}.",
    )
    with tf.control_dependencies([is_known]):
        return tf.identity(task_ids)


def read_mixed(
    text: tf.Tensor,
    text_pair: tf.Tensor,
    task: tf.Tensor,
    known: KnownTasks,
    is_blank: Callable[[tf.Tensor], tf.Tensor],
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Checks a request whose examples belong to any tasks.

    Args:
        text, text_pair, task: string Tensors of shape `(batch_size,)`.
        known: the tasks of the model.
        is_blank: function from texts to whether nothing of them is read.

    Returns:
        Tuple of the two texts and the task ids.
    """
    inputs = {"text": text, "text_pair": text_pair, "task": task}
    with tf.control_dependencies([check_same_length(inputs)]):
        text, text_pair, task = map(tf.identity, inputs.values())
    task_ids = read_task_ids(task, known)
    is_pair = known.is_pair(task_ids)
    extra = tf.not_equal(text_pair, "") & ~is_pair
    no_extra = check(
        ~tf.reduce_any(extra),
        "`text_pair` must be empty for a task that reads one text "
        f"({known.listed_single}). Received: a second text in row ",
        wrong_rows(extra),
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


def wrong_rows(mask: tf.Tensor) -> tf.Tensor:
    """Returns the numbers of the first five rows of a mask, as one string."""
    rows = tf.strings.as_string(tf.where(mask)[:5, 0])
    return tf.strings.reduce_join(rows, separator=", ")


def _shown(texts: tf.Tensor) -> tf.Tensor:
    """Makes texts fit for a message: it must be UTF-8, and travel in a header.

    What is not UTF-8, and control characters, become U+FFFD.
    """
    texts = tf.strings.unicode_transcode(
        texts, "UTF-8", "UTF-8", replace_control_characters=True
    )
    return tf.strings.regex_replace(texts, "(?s)^(.{60}).+", r"\1...")


def _listed(names: Iterable[str]) -> str:
    *others, last = [f"`{name}`" for name in names]
    return f"{', '.join(others)} and {last}" if others else last

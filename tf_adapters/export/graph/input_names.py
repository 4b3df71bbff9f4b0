"""Names of the inputs of a task's signature, from its text columns."""

import keyword
import re

from tf_adapters.data.task import Task


def input_names(task: Task) -> tuple[str, ...]:
    """Returns the name of the input that takes the text of each column.

    A column keeps its name where it can. TensorFlow passes inputs as keyword
    arguments, so the rule is: lower case; every run of characters other than
    `a` to `z`, digits and `_` becomes one `_`, and none is left at the ends;
    `text_` comes before what does not start with a letter or is a word of
    Python's own; a second column of the same name ends in `_2`.

    Args:
        task: the task.

    Returns:
        Tuple of as many names as the task has text columns.

    Example:

    >>> input_names(GLUE_TASKS["mrpc"])  # columns "#1 String", "#2 String"
    ('text_1_string', 'text_2_string')
    """
    first, *others = [_input_name(column) for column in task.text_columns]
    return (first, *[f"{o}_2" if o == first else o for o in others])


def _input_name(column: str) -> str:
    name = re.sub("[^a-z0-9_]+", "_", column.lower()).strip("_")
    if re.match("[a-z]", name) and not _is_taken(name):
        return name
    return f"text_{name}".rstrip("_")


def _is_taken(name: str) -> bool:
    # A loaded signature is a method, so `self` cannot be passed by name.
    return keyword.iskeyword(name) or name == "self"

"""Turns the label that a file holds into the number that is learned."""

import math

from tf_adapters.data.lookup import unknown_name
from tf_adapters.data.task import Task


def label_number(task: Task, label: str) -> float:
    """Returns the index of a class, or the value of a regression.

    Args:
        task: A `Task`.
        label: str. Name of a class, or a number as text.

    Returns:
        float. A regression value stays in the units of the task.

    Raises:
        ValueError: if the task has no such label.
    """
    if task.is_regression:
        return _value(task, label)
    if label not in task.labels:
        raise ValueError(
            unknown_name("label", label, task.labels, f" of task {task.name!r}")
            + " Correct the row, add the name to `labels`, or say in "
            "`label_values` which name the value stands for."
        )
    return float(task.labels.index(label))


def _value(task: Task, label: str) -> float:
    low, high = task.value_range
    try:
        value = float(label)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise ValueError(
            f"The label of task {task.name!r} must be a number from {low} to "
            f"{high}. Received: {label!r}. Correct the row or `value_range`."
        )
    return value

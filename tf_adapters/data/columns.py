"""Columns of any kind: lists, arrays, pandas Series, pyarrow columns."""

import math
import numbers
from typing import Any

import numpy as np

from tf_adapters.data.lookup import unknown_name
from tf_adapters.data.task import Task


def as_texts(task: Task, name: str, column: Any) -> list[str]:
    """Returns a text column as a list.

    Args:
        task: A `Task`.
        name: str. Name of the column, for the message.
        column: sequence of str.

    Returns:
        list of str.

    Raises:
        ValueError: if a row is not text.
    """
    if isinstance(column, str):
        raise ValueError(
            f"The column {name!r} of task {task.name!r} must be a list of "
            f"texts. Received: the text {column[:40]!r}. Write [text] for one."
        )
    texts = _listed(column)
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(
                f"The column {name!r} of task {task.name!r} must hold text. "
                f"Received: {text!r} in row {row}. Leave the row out, or "
                "write what stands for it."
            )
    return texts


def as_labels(task: Task, labels: Any) -> np.ndarray:
    """Returns a label column as the numbers that are learned.

    Args:
        task: A `Task`.
        labels: sequence, of the names or the indices of classes, or of the
            values of a regression.

    Returns:
        float32 array of the same length.

    Raises:
        ValueError: if the task has no such label.
    """
    rows = enumerate(_listed(labels))
    read = _value if task.is_regression else _index
    return np.array([read(task, row, label) for row, label in rows], "float32")


def _listed(column):
    for convert in ("to_pylist", "tolist"):
        if hasattr(column, convert):
            return getattr(column, convert)()
    return list(column)


def _index(task, row, label):
    if isinstance(label, str):
        if label not in task.labels:
            where = f" of task {task.name!r} in row {row}"
            raise ValueError(unknown_name("label", label, task.labels, where))
        return task.labels.index(label)
    if not (_is_number(label) and label in range(len(task.labels))):
        raise ValueError(
            f"The labels of task {task.name!r} must be its names or their "
            f"indices, 0 to {len(task.labels) - 1}. Received: {label!r} in row "
            f"{row}. Names: {', '.join(task.labels)}."
        )
    return label


def _value(task, row, label):
    low, high = task.value_range
    if not (_is_number(label) and low <= label <= high):
        raise ValueError(
            f"The labels of task {task.name!r} must be numbers from {low} to "
            f"{high}. Received: {label!r} in row {row}. Correct the row, or "
            "the `value_range` of the task."
        )
    return label


def _is_number(label):
    # NumPy's numbers are such numbers, but for its bool.
    return isinstance(label, numbers.Real | np.bool_) and math.isfinite(label)

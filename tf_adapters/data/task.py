"""What a task is: the text it reads and the label it predicts."""

import dataclasses
import math
import re
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Self

from tf_adapters.data.lookup import unknown_name

_CLASS_METRICS = ("accuracy", "f1", "matthews")
_REGRESSION_METRICS = ("pearson", "spearman")

METRICS = _CLASS_METRICS + _REGRESSION_METRICS

# Names that the exported model gives to signatures of its own.
RESERVED = ("serving_default", "token_ids", "describe", "describe_tasks")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task:
    """What is read and what is predicted, whatever the model and the files.

    A task is a classification if it has `labels` and a regression if it has a
    `value_range`. It must have one of the two.

    Args:
        name: str. Lower case letters, digits, `_` and `-`, because it becomes
            a signature of the served model and the name of a folder.
        text_columns: tuple of one or two str. The columns that hold the text.
        labels: tuple of str. Names of the classes, in the order of their
            indices. Empty for a regression. Defaults to `()`.
        value_range: tuple of two floats or `None`. The lowest and the highest
            value of a regression. Defaults to `None`.
        metrics: tuple of str, names out of `METRICS`. If empty, `("accuracy",)`
            for a classification and `("pearson", "spearman")` for a
            regression. Defaults to `()`.

    Raises:
        ValueError: if the fields do not describe one task.

    Example:

    >>> task = Task(
    ...     name="rte",
    ...     text_columns=("sentence1", "sentence2"),
    ...     labels=("entailment", "not_entailment"),
    ... )
    >>> task.num_outputs, task.is_pair, task.metrics
    (2, True, ('accuracy',))
    """

    name: str
    text_columns: tuple[str, ...]
    labels: tuple[str, ...] = ()
    value_range: tuple[float, float] | None = None
    metrics: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuses what is not a task, and brings a config back to tuples."""
        _check_name(self.name)
        for field in ("text_columns", "labels", "metrics"):
            values = _distinct_names(field, getattr(self, field))
            object.__setattr__(self, field, values)
        if self.value_range is not None:
            bounds = _ascending_pair(self.value_range)
            object.__setattr__(self, "value_range", bounds)
        _check_kind(self)
        if not self.metrics:
            regression = self.is_regression
            default = _REGRESSION_METRICS if regression else ("accuracy",)
            object.__setattr__(self, "metrics", default)
        _check_metrics(self)

    @property
    def is_regression(self) -> bool:
        """Whether the task predicts a number, not a class."""
        return self.value_range is not None

    @property
    def is_pair(self) -> bool:
        """Whether an example is two texts."""
        return len(self.text_columns) == 2

    @property
    def num_outputs(self) -> int:
        """How many outputs of the head the task uses."""
        return 1 if self.is_regression else len(self.labels)

    def get_config(self) -> dict[str, Any]:
        """Returns the fields as values that JSON can hold."""
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in dataclasses.asdict(self).items()
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Returns the task that `get_config` describes."""
        known = [field.name for field in dataclasses.fields(cls)]
        for key in config:
            if key not in known:
                where = " in the configuration of a task"
                raise ValueError(unknown_name("key", key, known, where))
        missing = [k for k in ("name", "text_columns") if k not in config]
        if missing:
            raise ValueError(
                "The configuration of a task needs `name` and `text_columns`. "
                f"Received: {dict(config)}. Add: {', '.join(missing)}."
            )
        return cls(**config)


def _check_name(name: object) -> None:
    rule = "`name` must be lower case letters, digits, `_` and `-`"
    if not isinstance(name, str) or not name:
        raise ValueError(
            f"{rule}. Received: name={name!r}. "
            'Write a string, such as name="tickets".'
        )
    if not re.fullmatch("[a-z0-9][a-z0-9_-]*", name):
        valid = re.sub("[^a-z0-9_-]+", "_", name.lower()).lstrip("_-")
        raise ValueError(
            f"{rule}, the first one a letter or digit, because it becomes a "
            f"signature and a folder. Received: name={name!r}. "
            f"Write for example name={valid or 'task'!r}."
        )
    if name in RESERVED:
        raise ValueError(
            "`name` must not be one of the names that the exported model "
            f"keeps for itself ({', '.join(RESERVED)}). "
            f"Received: name={name!r}. Choose another, such as 'my_{name}'."
        )


def _distinct_names(field: str, values: Sequence[str]) -> tuple[str, ...]:
    if isinstance(values, str) or not isinstance(values, Sequence):
        example = values if isinstance(values, str) else "..."
        raise ValueError(
            f"`{field}` must be a tuple of strings. "
            f"Received: {field}={values!r}. Write {field}=({example!r},)."
        )
    values = tuple(values)
    wrong = [v for v in values if not isinstance(v, str) or not v]
    if wrong:
        raise ValueError(
            f"`{field}` must hold strings that are not empty. Received: "
            f"{field}={values!r}. Put a quoted name in place of {wrong[0]!r}."
        )
    repeated = [v for v in values if values.count(v) > 1]
    if repeated:
        raise ValueError(
            f"`{field}` must hold every name once. Received: "
            f"{field}={values!r}. Remove one {repeated[0]!r}."
        )
    return values


def _ascending_pair(values: Sequence[float]) -> tuple[float, float]:
    try:
        low, high = map(float, values)
        valid = math.isfinite(low) and math.isfinite(high) and low < high
    except (TypeError, ValueError):
        valid = False
    if not valid:
        raise ValueError(
            "`value_range` must be the lowest and the highest value, both "
            f"finite. Received: value_range={values!r}. Write for example "
            "value_range=(0.0, 5.0)."
        )
    return low, high


def _check_kind(task: Task) -> None:
    if len(task.text_columns) not in (1, 2):
        raise ValueError(
            "`text_columns` must name one or two columns, because BERT reads "
            f"one or two segments. Received: text_columns={task.text_columns}. "
            "Name the one or two columns that hold the text."
        )
    if bool(task.labels) == task.is_regression:
        raise ValueError(
            "A task must have `labels` (classification) or a `value_range` "
            f"(regression), and not both. Received: labels={task.labels}, "
            f"value_range={task.value_range}. Give exactly one of them."
        )
    if len(task.labels) == 1:
        raise ValueError(
            "`labels` must name at least two classes, because there is "
            f"nothing to choose from one. Received: labels={task.labels}. "
            "Name every class that the label column can hold."
        )


def _check_metrics(task: Task) -> None:
    for metric in task.metrics:
        if metric not in METRICS:
            raise ValueError(unknown_name("metric", metric, METRICS))
    kind = "regression" if task.is_regression else "classification"
    fitting = list(
        _REGRESSION_METRICS if task.is_regression else _CLASS_METRICS
    )
    if len(task.labels) > 2:
        fitting.remove("f1")
        kind = "classification of more than two classes"
    unfit = [metric for metric in task.metrics if metric not in fitting]
    if unfit:
        raise ValueError(
            f"`metrics` must fit a {kind}. Received: metrics={task.metrics}. "
            f"Instead of {unfit[0]!r} write one of: {', '.join(fitting)}."
        )

"""A task, as the server that has it describes it."""

import dataclasses
import json
from typing import Any
from typing import Self

from tf_adapters.client.answer import Answer


@dataclasses.dataclass(frozen=True, slots=True)
class ServedTask:
    """A task that a model answers.

    Attributes:
        name: str.
        text_columns: tuple of one or two str. What it reads.
        labels: tuple of str. The classes. Empty for a regression.
        value_range: tuple of two floats, or `None` for a classification.
    """

    name: str
    text_columns: tuple[str, ...]
    labels: tuple[str, ...]
    value_range: tuple[float, float] | None

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Returns the task that the file of an export describes."""
        value_range = config["value_range"]
        return cls(
            name=config["name"],
            text_columns=tuple(config["text_columns"]),
            labels=tuple(config["labels"]),
            value_range=None if value_range is None else tuple(value_range),
        )

    def answer(self, row: dict[str, Any]) -> Answer | None:
        """Reads a row of an answer.

        Args:
            row: dict of `label`, `label_index` and `scores`.

        Returns:
            The answer, or `None` if it is none of this task: the server has
            another version of it by now.
        """
        index, scores = row["label_index"], row["scores"]
        if self.value_range is not None:
            if index != -1:
                return None
            return Answer(self.name, row["label"], {}, scores[0])
        is_ours = 0 <= index < len(self.labels)
        if not is_ours or self.labels[index] != row["label"]:
            return None
        own = scores[: len(self.labels)]
        named = dict(zip(self.labels, own, strict=True))
        return Answer(self.name, row["label"], named)


@dataclasses.dataclass(frozen=True, slots=True)
class Description:
    """What a server says of its model.

    Attributes:
        version: int, or `None` where answers do not say which gave them.
        tasks: dict from the names of the tasks to them.
    """

    version: int | None
    tasks: dict[str, ServedTask]


def read_tasks(metadata: str) -> dict[str, ServedTask]:
    """Returns the tasks by name, from what `describe_tasks` says of a model."""
    configs = json.loads(metadata)["tasks"]
    tasks = [ServedTask.from_config(config) for config in configs]
    return {task.name: task for task in tasks}

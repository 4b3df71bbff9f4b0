"""What a server says of one text."""

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What the model says of a text, or of a pair.

    Attributes:
        task: str. Whose answer it is.
        label: str. The name of the likeliest class. For a regression, its
            value as text.
        scores: dict from the names of all classes to their probabilities.
            Empty for a regression.
        value: float. The value of a regression, in the task's own units.
            `None` for a classification.
    """

    task: str
    label: str
    scores: dict[str, float]
    value: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Returns what `tf-adapters predict` prints for it, with the task."""
        if self.value is not None:
            return {"task": self.task, "label": self.value}
        return {"task": self.task, "label": self.label, "scores": self.scores}

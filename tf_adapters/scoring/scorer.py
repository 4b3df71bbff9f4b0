"""Asks a SavedModel, and takes apart what it refuses."""

import re
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from tf_adapters.data.task import Task
from tf_adapters.scoring.questions import Question

# Of a probability, or of a value in the units of its task.
_DECIMALS = 6
_ASSERTED = re.compile(r"assertion failed: \[(.*?)\](?= \[Op:|\n|$)", re.DOTALL)

Answers = list[dict[str, Any]]


class Scorer:
    """A SavedModel in memory.

    Args:
        path: str. The folder of a version.
        tasks: its tasks, by name.
    """

    def __init__(self, path: str, tasks: Mapping[str, Task]) -> None:
        # Nothing else of a run needs TensorFlow.
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  The graph needs its operations.

        self._tf = tf
        self._model = tf.saved_model.load(path)
        self._tasks = tasks

    def ask(self, questions: list[Question]) -> Answers:
        """Asks all questions in one request.

        Args:
            questions: list of `Question`, at least one.

        Returns:
            list of dicts, one for each: its place, `task`, `label` and, of
            classes, `scores`.

        Raises:
            ValueError: if the model refuses one of them.
        """
        columns = {
            name: self._tf.constant([getattr(q, name) for q in questions])
            for name in ("task", "text", "text_pair")
        }
        try:
            outputs = self._model.signatures["serving_default"](**columns)
        except self._tf.errors.InvalidArgumentError as error:
            raise ValueError(_reason(error)) from None
        scores = outputs["scores"].numpy().astype("float64")
        scores = scores.round(_DECIMALS).tolist()
        best = outputs["label_index"].numpy().tolist()
        return [
            {**question.place, **self._answer(question.task, *answer)}
            for question, *answer in zip(questions, scores, best, strict=True)
        ]

    def _answer(self, name: str, scores: list[float], best: int):
        task = self._tasks[name]
        if task.is_regression:
            return {"task": name, "label": scores[0]}
        own = dict(zip(task.labels, scores, strict=False))
        return {"task": name, "label": task.labels[best], "scores": own}


def answer_each(
    ask: Callable[[list[Question]], Answers], questions: list[Question]
) -> tuple[Answers, Answers]:
    """Asks all questions, and apart from the others what is refused.

    Args:
        ask: function from questions to their answers, which raises a
            `ValueError` if it refuses one.
        questions: list of `Question`.

    Returns:
        Tuple of the answers and of what is rejected, a dict each with the
        place and the `reason`.
    """
    if not questions:
        return [], []
    try:
        return ask(questions), []
    except ValueError as error:
        if len(questions) == 1:
            return [], [{**questions[0].place, "reason": str(error)}]
    middle = len(questions) // 2
    halves = questions[:middle], questions[middle:]
    first, second = (answer_each(ask, half) for half in halves)
    return first[0] + second[0], first[1] + second[1]


def _reason(error: Exception) -> str:
    found = _ASSERTED.search(str(error))
    return found[1] if found else str(error).split("\n")[0]

"""What a person needs to know of a served model, as a page beside it."""

import pathlib
from collections.abc import Mapping

import keras

from tf_adapters.data.task import Task
from tf_adapters.version import __version__

FILE = pathlib.Path("assets.extra", "README.md")

_CARD = """\
# {count} on one {backbone}

Written by tf_adapters {version}. Method: `{method}`. A text is read up to
{length} tokens; what comes after is left out.

| task | reads | answers | dev scores |
|---|---|---|---|
{rows}

Ask the signature `serving_default` with `text`, `text_pair` (`""` for a task
that reads one text) and `task`, a list each. `scores` are probabilities as the
model gives them; nothing has calibrated them. `tf_adapters.json`, beside this
page, has all of it for programs.

What a task was trained on, and for whom its answers are good enough, is for
whoever trained it to say.
"""


def write_model_card(
    folder: pathlib.Path,
    model: keras.Model,
    sequence_length: int,
    scores: Mapping[str, Mapping[str, float]],
) -> None:
    """Writes `assets.extra/README.md` into a SavedModel.

    Args:
        folder: the SavedModel.
        model: the `MultiTaskClassifier`.
        sequence_length: int. The most tokens of an example.
        scores: dict from the names of tasks to their metrics on a dev set; a
            task may be missing.
    """
    tasks = model.tasks
    config = model.encoder.architecture["backbone"]
    text = _CARD.format(
        count="1 task" if len(tasks) == 1 else f"{len(tasks):,} tasks",
        backbone=config["class_name"],
        version=__version__,
        method=model.method,
        length=sequence_length,
        rows="\n".join(_row(task, scores.get(task.name, {})) for task in tasks),
    )
    file = folder / FILE
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _row(task: Task, scores: Mapping[str, float]) -> str:
    answers = ", ".join(task.labels)
    if task.is_regression:
        low, high = task.value_range
        answers = f"{low:g} to {high:g}"
    numbers = ", ".join(f"{k} {v:.3f}" for k, v in scores.items())
    cells = (task.name, ", ".join(task.text_columns), answers, numbers or "-")
    # A bar would end the cell, a new line the table.
    escaped = (cell.replace("|", "\\|").replace("\n", " ") for cell in cells)
    return f"| {' | '.join(escaped)} |"

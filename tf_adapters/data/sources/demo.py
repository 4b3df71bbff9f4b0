"""Four small tasks that come with the package."""

import pathlib

from tf_adapters.data.lookup import unknown_name
from tf_adapters.data.sources.source import Source
from tf_adapters.data.task import Task

_FOLDER = pathlib.Path(__file__).parent / "demo_data"

_PAIR = ("sentence1", "sentence2")

DEMO_TASKS = {
    task.name: task
    for task in (
        Task(
            name="acceptability",
            text_columns=("sentence",),
            labels=("unacceptable", "acceptable"),
            metrics=("matthews", "accuracy"),
        ),
        Task(
            name="sentiment",
            text_columns=("sentence",),
            labels=("negative", "positive"),
        ),
        Task(
            name="paraphrase",
            text_columns=_PAIR,
            labels=("different", "paraphrase"),
            metrics=("accuracy", "f1"),
        ),
        Task(name="similarity", text_columns=_PAIR, value_range=(0.0, 5.0)),
    )
}


def demo_source(name: str) -> Source:
    """Returns the source of a demo task.

    The files are small enough to train on a laptop in minutes. They show that
    the library works; they measure nothing.

    Args:
        name: str. A key of `DEMO_TASKS`.

    Returns:
        A `Source` with the splits `"train"` and `"dev"`.

    Raises:
        ValueError: if there is no such demo task.
    """
    if name not in DEMO_TASKS:
        raise ValueError(unknown_name("demo task", name, DEMO_TASKS))
    task = DEMO_TASKS[name]
    folder = _FOLDER / name
    return Source(
        task=task,
        files={s: str(folder / f"{s}.tsv") for s in ("train", "dev")},
        label_column="score" if task.is_regression else "label",
    )

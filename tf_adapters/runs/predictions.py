"""Predictions as files, in the format that the GLUE server takes."""

import numpy as np

from tf_adapters import storage
from tf_adapters.data.sources.glue import GLUE_TASKS
from tf_adapters.data.sources.glue import submission_label
from tf_adapters.data.sources.glue import submission_name
from tf_adapters.data.task import Task
from tf_adapters.evaluation.predictor import Predictor


def write_predictions(
    predictor: Predictor, source, folder: storage.Path, head: str
) -> list[storage.Path]:
    """Predicts the test splits of a task, its dev splits if it has none.

    Args:
        predictor: a `Predictor`.
        source: where the examples are.
        folder: where the files go.
        head: name of the task whose head predicts; AX has MNLI's.

    Returns:
        The files written. Each has a header and one line an example: its
        index, from 0, and the prediction.
    """
    splits = [s for s in source.splits if s.split("_")[0] == "test"]
    written = []
    for split in splits or source.dev_splits:
        examples = source.read(split)
        outputs = predictor.outputs(predictor.encode(examples, head))
        path = folder / _file_name(source.task, split)
        text = submission(source.task, outputs)
        storage.write_whole(path, text.encode())
        written.append(path)
    return written


def submission(task: Task, outputs: np.ndarray) -> str:
    """Returns the text of a submission file.

    Args:
        task: the task.
        outputs: float array of shape `(num_examples, num_outputs)`.

    Returns:
        Tab-separated lines, the first of them `index`, `prediction`.
    """
    best = outputs[:, 0] if task.is_regression else outputs.argmax(axis=1)
    labels = [_label(task, value) for value in best]
    lines = [f"{i}\t{label}" for i, label in enumerate(labels)]
    return "\n".join(["index\tprediction", *lines]) + "\n"


def _is_glue(task: Task) -> bool:
    return GLUE_TASKS.get(task.name) == task


def _label(task: Task, value) -> str:
    if _is_glue(task):
        return submission_label(task, value)
    return f"{value:.3f}" if task.is_regression else task.labels[int(value)]


def _file_name(task: Task, split: str) -> str:
    if _is_glue(task) and split.startswith("test"):
        return submission_name(task.name, split)
    return f"{task.name}_{split}.tsv"

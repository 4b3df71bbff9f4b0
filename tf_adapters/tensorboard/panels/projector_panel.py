"""Task embeddings and sentences as points, in files beside the events."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from google.protobuf import text_format
from tensorboard.plugins.projector import projector_config_pb2

from tf_adapters import storage
from tf_adapters.tensorboard.measures.dev_sample import Answers
from tf_adapters.tensorboard.measures.similarity import task_embeddings
from tf_adapters.tensorboard.panels.panel import Panel

# The name that TensorBoard looks for.
_CONFIG = "projector_config.pbtxt"
# Not what `_CONFIG` begins with: some file systems tell folders by that.
_FOLDER = "points"


class ProjectorPanel(Panel):
    """Writes `projector_config.pbtxt` and the folder `points`.

    Args:
        training: a `Training`.
    """

    def look(self, is_last: bool) -> list:
        """Writes the files at the end. There is one version of them."""
        if not is_last:
            return []
        found = task_vectors(self.training.model)
        if self.training.sample is not None:
            answers = self.training.sample.answers()
            found += sentence_vectors(answers)
        if found:
            folder = storage.as_path(self.training.log_dir)
            write_projector(folder, found)
        return []


@dataclasses.dataclass(frozen=True, eq=False)
class Vectors:
    """Points of the projector and what is known of each.

    Attributes:
        name: str. What they are called, and their files.
        values: float array of shape `(num_points, dim)`.
        columns: names of what is known.
        rows: for each point, what is known of it.
    """

    name: str
    values: np.ndarray
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def task_vectors(model) -> list[Vectors]:
    """Returns the task embeddings of a hypernetwork, if there is one."""
    embeddings = task_embeddings(model)
    if embeddings is None:
        return []
    kinds = ["value" if t.is_regression else "classes" for t in model.tasks]
    rows = list(zip(model.task_names, kinds, strict=True))
    return [Vectors("task_embeddings", embeddings, ("task", "kind"), rows)]


def sentence_vectors(answers: dict[str, Answers]) -> list[Vectors]:
    """Returns the `[CLS]` vectors of dev sets.

    Args:
        answers: dict from the name of a dev set to its `Answers`.
    """
    if not answers:
        return []
    values = np.concatenate([own.vectors for own in answers.values()])
    columns = ("task", "label", "prediction", "right", "text")
    rows = [
        (name, *row) for name, own in answers.items() for row in _rows_of(own)
    ]
    return [Vectors("cls_of_dev_sets", values, columns, rows)]


def write_projector(folder: storage.Path, found: Sequence[Vectors]) -> None:
    """Writes vectors, what is known of them, and where they are.

    Args:
        folder: that of the events.
        found: the vectors.
    """
    config = projector_config_pb2.ProjectorConfig()
    for own in found:
        values = np.ascontiguousarray(own.values, "float32")
        place = f"{_FOLDER}/{own.name}"
        storage.write_whole(folder / f"{place}.bytes", values.tobytes())
        lines = [own.columns, *own.rows]
        text = "".join("\t".join(map(_cell, line)) + "\n" for line in lines)
        storage.write_whole(folder / f"{place}.tsv", text.encode())
        config.embeddings.add(
            tensor_name=own.name,
            tensor_path=f"{place}.bytes",
            tensor_shape=values.shape,
            metadata_path=f"{place}.tsv",
        )
    text = text_format.MessageToString(config)
    # Last: it names the others.
    storage.write_whole(folder / _CONFIG, text.encode())


def _rows_of(own: Answers):
    texts = zip(*own.examples.texts, strict=True)
    pairs = zip(own.outputs, own.examples.labels, texts, strict=True)
    for outputs, label, columns in pairs:
        text = " | ".join(columns)
        if own.task.is_regression:
            low, high = own.task.value_range
            is_right = abs(outputs[0] - label) <= (high - low) / 10
            label, predicted = f"{label:.2f}", f"{outputs[0]:.2f}"
        else:
            names = own.task.labels
            label, predicted = names[int(label)], names[outputs.argmax()]
            is_right = label == predicted
        yield label, predicted, "yes" if is_right else "no", text


def _cell(text: str) -> str:
    return " ".join(text.split())

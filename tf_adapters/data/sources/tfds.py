"""Reads the GLUE tasks from TensorFlow Datasets."""

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from tf_adapters.data.examples import Examples
from tf_adapters.data.lookup import unknown_name
from tf_adapters.data.sources.glue import GLUE_TASKS
from tf_adapters.data.task import Task

_SPLITS = {
    "mnli": {
        "train": "train",
        "dev": "validation_matched",
        "dev_mismatched": "validation_mismatched",
        "test": "test_matched",
        "test_mismatched": "test_mismatched",
    },
    "ax": {"test": "test"},
}
_USUAL_SPLITS = {"train": "train", "dev": "validation", "test": "test"}

# Where the features are not named like the columns of the published files.
_FEATURES = {
    "mrpc": ("sentence1", "sentence2"),
    "mnli": ("premise", "hypothesis"),
    "ax": ("premise", "hypothesis"),
}

_BATCH_SIZE = 1024


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class TfdsSource:
    """The examples of a task in a prepared TensorFlow dataset.

    It has the `task`, `dev_splits` and `read` of a `Source`.

    Args:
        task: A `Task`.
        builder: a `tfds.core.DatasetBuilder` whose dataset is prepared.
        splits: mapping from the name of a split to its name in the dataset.
        features: tuple of str. The features that hold the text.

    Raises:
        ValueError: if the dataset lacks a feature or has other labels.
    """

    task: Task
    builder: Any
    splits: Mapping[str, str]
    features: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuses a dataset that does not fit the task."""
        known = self.builder.info.features
        for feature in (*self.features, "label", "idx"):
            if feature not in known:
                where = f" of dataset {self.builder.info.full_name!r}"
                raise ValueError(unknown_name("feature", feature, known, where))
        names = getattr(known["label"], "names", [])
        if sorted(names) != sorted(self.task.labels):
            raise ValueError(
                "The dataset must have the labels of the task. Received: "
                f"{names} for {list(self.task.labels)} of task "
                f"{self.task.name!r}. Pass the builder of this task."
            )

    @property
    def dev_splits(self) -> tuple[str, ...]:
        """The splits to evaluate on."""
        return tuple(s for s in self.splits if s.split("_")[0] == "dev")

    def read(self, split: str) -> Examples:
        """Returns the examples of a split, in the order of their indices.

        A dataset on disk is shuffled. The order of the published files is
        restored, because GLUE asks for the predictions in it.

        Args:
            split: str. A key of `splits`.

        Returns:
            `Examples`. Those of a test split are unlabelled.

        Raises:
            ValueError: if there is no such split or a label is missing.
        """
        if split not in self.splits:
            where = f" of task {self.task.name!r}"
            raise ValueError(unknown_name("split", split, self.splits, where))
        columns = self._columns(self.splits[split])
        order = np.argsort(columns["idx"], kind="stable")
        texts = tuple(
            [columns[feature][i].decode("utf-8") for i in order]
            for feature in self.features
        )
        if split.split("_")[0] == "test":
            return Examples(self.task, texts, None)
        labels = self._labels(split, columns["label"][order])
        return Examples(self.task, texts, labels)

    def _columns(self, split: str) -> dict[str, np.ndarray]:
        import tensorflow_datasets as tfds

        dataset = self.builder.as_dataset(split=split, shuffle_files=False)
        batches = list(tfds.as_numpy(dataset.batch(_BATCH_SIZE)))
        return {
            key: np.concatenate([batch[key] for batch in batches])
            for key in (*self.features, "label", "idx")
        }

    def _labels(self, split: str, labels: np.ndarray) -> np.ndarray:
        if self.task.is_regression:
            low, high = self.task.value_range
            valid = (low <= labels) & (labels <= high)
        else:
            valid = (0 <= labels) & (labels < self.task.num_outputs)
        if not valid.all():
            raise ValueError(
                f"Every example of split {split!r} of task "
                f"{self.task.name!r} must have a label. Received: "
                f"{labels[~valid][0]}. Read a split with labels, or prepare "
                "the dataset again."
            )
        if not self.task.is_regression:
            names = self.builder.info.features["label"].names
            ours = np.array([self.task.labels.index(name) for name in names])
            labels = ours[labels]
        return labels.astype("float32")


def tfds_source(
    name: str,
    data_dir: str | os.PathLike | None = None,
    builder: Any = None,
    download: bool = True,
) -> TfdsSource:
    """Returns the source of a GLUE task in TensorFlow Datasets.

    Args:
        name: str. A key of `GLUE_TASKS`.
        data_dir: path of the folder of the datasets, or `None` for the usual
            one of TensorFlow Datasets. Defaults to `None`.
        builder: a `tfds.core.DatasetBuilder` with the features of
            `glue/<name>`, or `None` to use that one. Defaults to `None`.
        download: bool. Whether to download and prepare the dataset if it is
            not there. Defaults to `True`.

    Returns:
        A `TfdsSource`.

    Raises:
        ValueError: if there is no such task or the dataset does not fit it.
        FileNotFoundError: if the dataset is not there and `download` is
            `False`.
    """
    if name not in GLUE_TASKS:
        raise ValueError(unknown_name("GLUE task", name, GLUE_TASKS))
    if builder is None:
        import tensorflow_datasets as tfds

        builder = tfds.builder(f"glue/{name}", data_dir=data_dir)
    if download:
        builder.download_and_prepare()
    elif not builder.is_prepared():
        raise FileNotFoundError(
            "The dataset must be prepared if `download` is False. Received: "
            f"nothing for {builder.info.full_name!r} in "
            f"{str(builder.data_dir)!r}. Pass download=True once, or "
            "the `data_dir` that holds it."
        )
    task = GLUE_TASKS[name]
    return TfdsSource(
        task=task,
        builder=builder,
        splits=_SPLITS.get(name, _USUAL_SPLITS),
        features=_FEATURES.get(name, task.text_columns),
    )

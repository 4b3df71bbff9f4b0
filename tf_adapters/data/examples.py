"""The examples of one split of a task, in memory."""

import dataclasses
from typing import Self

import numpy as np

from tf_adapters.data.columns import as_labels
from tf_adapters.data.columns import as_texts
from tf_adapters.data.task import Task


@dataclasses.dataclass(frozen=True, eq=False)
class Examples:
    """Texts and labels of one task, column by column.

    Args:
        task: A `Task`. What the columns mean.
        texts: tuple of columns of str. One per text column of the task: a
            list, an array, or a column of pandas or pyarrow. Kept as lists.
        labels: column of labels, or `None` if the examples are unlabelled: the
            names of classes or their indices, or the values of a regression in
            the task's own units. Kept as a float32 array of shape
            `(num_examples,)`, of indices or values.

    Raises:
        ValueError: if the columns do not belong together, a text is not text,
            or the task does not have a label.
    """

    task: Task
    texts: tuple[list[str], ...]
    labels: np.ndarray | None

    def __post_init__(self) -> None:
        """Reads the columns, and refuses those of different lengths."""
        if len(self.texts) != len(self.task.text_columns):
            raise ValueError(
                "`texts` must be one list per text column of the task. "
                f"Received: {len(self.texts)} lists, text_columns="
                f"{self.task.text_columns}. Write a tuple of "
                f"{len(self.task.text_columns)} list(s) of strings."
            )
        names = self.task.text_columns
        texts = tuple(
            as_texts(self.task, name, column)
            for name, column in zip(names, self.texts, strict=True)
        )
        object.__setattr__(self, "texts", texts)
        if self.labels is not None:
            labels = as_labels(self.task, self.labels)
            object.__setattr__(self, "labels", labels)
        lengths = [len(column) for column in self.texts]
        if self.labels is not None:
            lengths.append(len(self.labels))
        if len(set(lengths)) > 1:
            raise ValueError(
                "`texts` and `labels` must be equally long. Received: lengths "
                f"{lengths}. Give every example each text and a label, or "
                "labels=None."
            )

    def __len__(self) -> int:
        """Returns the number of examples."""
        return len(self.texts[0])

    def take(self, n: int, seed: int) -> Self:
        """Returns `n` examples drawn at random without replacement.

        For one seed, `take(10, seed)` is the beginning of `take(20, seed)`, so
        that a curve over the number of examples adds examples and never swaps
        them. If there are fewer than `n` examples, all of them are returned.

        Args:
            n: int. At least 1.
            seed: int. Chooses the examples.

        Returns:
            `Examples` in random order.

        Raises:
            ValueError: if `n` is not positive.
        """
        if n < 1:
            raise ValueError(
                "`n` must be at least 1, because there is nothing to learn "
                f"from no example. Received: n={n}. Write 1 or more, or do "
                "not call `take` to keep all."
            )
        chosen = np.random.default_rng(seed).permutation(len(self))[:n]
        return dataclasses.replace(
            self,
            texts=tuple([column[i] for i in chosen] for column in self.texts),
            labels=None if self.labels is None else self.labels[chosen],
        )

"""Tokenised examples of all tasks, one after the other, in memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Self

import numpy as np
from etils import epy

from tf_adapters.data.examples import Examples

with epy.lazy_imports():
    from tf_adapters.data.batches import text_encoder


@dataclasses.dataclass(frozen=True, eq=False)
class EncodedExamples:
    """Examples as token ids, from one or several tasks.

    Attributes:
        token_ids: int32 array, the tokens of all examples end to end.
        lengths: int32 array of shape `(num_examples,)`.
        first_lengths: int32 array of shape `(num_examples,)`, tokens that
            belong to segment 0.
        task_ids: int32 array of shape `(num_examples,)`.
        targets: float32 array of shape `(num_examples,)`: class indices, and
            values of a regression scaled to 0..1; 0 where there is no label.
        pad_id: int. The token that fills a batch up.
    """

    token_ids: np.ndarray
    lengths: np.ndarray
    first_lengths: np.ndarray
    task_ids: np.ndarray
    targets: np.ndarray
    pad_id: int

    def __len__(self) -> int:
        """Returns the number of examples."""
        return len(self.lengths)

    @classmethod
    def encode(
        cls,
        encoder: text_encoder.TextEncoder,
        examples: Examples,
        task_id: int = 0,
    ) -> Self:
        """Tokenises the examples of one task.

        Args:
            encoder: a `TextEncoder`.
            examples: `Examples`, labelled or not.
            task_id: int. The id of their task.

        Returns:
            `EncodedExamples` in the same order.

        Raises:
            ValueError: if nothing of an example is left to be tokenised.
        """
        token_ids, lengths, first_lengths = encoder.encode(*examples.texts)
        _check_not_empty(examples, lengths, encoder)
        count = len(examples)
        return cls(
            token_ids=token_ids,
            lengths=lengths,
            first_lengths=first_lengths,
            task_ids=np.full(count, task_id, "int32"),
            targets=_targets(examples),
            pad_id=encoder.pad_id,
        )

    def rows(self, indices: np.ndarray) -> Self:
        """Returns some of the examples, in the order of `indices`."""
        starts = np.cumsum(self.lengths, dtype=np.int64) - self.lengths
        tokens = [
            self.token_ids[starts[i] : starts[i] + self.lengths[i]]
            for i in indices
        ]
        return dataclasses.replace(
            self,
            token_ids=np.concatenate(tokens),
            lengths=self.lengths[indices],
            first_lengths=self.first_lengths[indices],
            task_ids=self.task_ids[indices],
            targets=self.targets[indices],
        )

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Puts several sets one after the other."""
        columns = {
            field.name: np.concatenate([getattr(p, field.name) for p in parts])
            for field in dataclasses.fields(cls)
            if field.name != "pad_id"
        }
        return cls(pad_id=parts[0].pad_id, **columns)


def _check_not_empty(examples, lengths, encoder):
    special = encoder.num_special(examples.task.is_pair)
    empty = np.flatnonzero(lengths == special)
    if len(empty):
        row = int(empty[0])
        received = [column[row] for column in examples.texts]
        raise ValueError(
            "An example must have text: white space, control characters and "
            f"lone accents are none. Received: {received} in row {row} of "
            f"{examples.task.name!r}. Leave the row out."
        )


def _targets(examples: Examples) -> np.ndarray:
    if examples.labels is None:
        return np.zeros(len(examples), "float32")
    if not examples.task.is_regression:
        return examples.labels.astype("float32")
    low, high = examples.task.value_range
    return ((examples.labels - low) / (high - low)).astype("float32")

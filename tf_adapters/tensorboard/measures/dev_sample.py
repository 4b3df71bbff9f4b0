"""Some examples of every dev set, and what the model makes of them."""

from __future__ import annotations

import dataclasses

import numpy as np
import tensorflow as tf
from keras import ops

from tf_adapters.data.batches.encoded import EncodedExamples
from tf_adapters.data.batches.pipeline import batches
from tf_adapters.data.batches.plan import default_widths
from tf_adapters.data.batches.plan import plan_once
from tf_adapters.data.examples import Examples
from tf_adapters.data.task import Task
from tf_adapters.model.pooling import pool

_BATCH_SIZE = 32


@dataclasses.dataclass(frozen=True, eq=False)
class Answers:
    """What a model makes of some examples of one dev set.

    Attributes:
        task: the `Task` that answers.
        examples: the examples.
        vectors: float array of shape `(num_examples, hidden_dim)`: the last
            hidden state of the first token, `[CLS]`.
        outputs: float array of shape `(num_examples, num_outputs)`:
            probabilities of the classes, or a value of the task's own units.
    """

    task: Task
    examples: Examples
    vectors: np.ndarray
    outputs: np.ndarray


class DevSample:
    """At most so many examples of each dev set, tokenised once.

    Args:
        predictor: a `Predictor`.
        dev: dict from a name to labelled `Examples`.
        most: int. The most examples of a dev set. Defaults to 100.
    """

    def __init__(self, predictor, dev: dict, most: int = 100) -> None:
        self._predictor = predictor
        self._dev = dev
        self._most = most
        self._chosen: dict[str, tuple[Examples, EncodedExamples]] = {}
        self._answers: dict[str, Answers] = {}

    def forget(self) -> None:
        """Says that the weights have changed."""
        self._answers = {}

    def answers(self) -> dict[str, Answers]:
        """Returns what the model makes of them now, by name of the dev set."""
        for name in self._dev:
            if name not in self._answers:
                self._answers[name] = self._answer(name)
        return self._answers

    def _choose(self, name: str) -> tuple[Examples, EncodedExamples]:
        whole = self._dev[name]
        # To be scored, they were tokenised already.
        encoded = self._predictor.encoded(whole)
        random = np.random.default_rng(0)
        rows = np.sort(random.permutation(len(whole))[: self._most])
        return _taken(whole, rows), encoded.rows(rows)

    def _answer(self, name: str) -> Answers:
        if name not in self._chosen:
            self._chosen[name] = self._choose(name)
        examples, encoded = self._chosen[name]
        model = self._predictor.model
        task = model.tasks[int(encoded.task_ids[0])]
        vectors, logits = _compute(model, encoded, self._predictor)
        if task.is_regression:
            low, high = task.value_range
            outputs = low + (high - low) * np.clip(logits[:, :1], 0, 1)
        else:
            outputs = tf.nn.softmax(logits[:, : task.num_outputs]).numpy()
        return Answers(task, examples, vectors, outputs)


def _taken(examples: Examples, rows: np.ndarray) -> Examples:
    columns = tuple([column[i] for i in rows] for column in examples.texts)
    return Examples(examples.task, columns, examples.labels[rows])


def _compute(model, encoded: EncodedExamples, predictor):
    longest = predictor.text_encoder.sequence_length
    plan = plan_once(encoded.lengths, _BATCH_SIZE, default_widths(longest))
    vectors = np.empty((len(encoded), model.encoder.hidden_dim), "float32")
    logits = np.empty((len(encoded), model.heads.max_outputs), "float32")
    dataset = batches(encoded, plan)
    for rows, (x, *_) in zip(plan.indices, dataset, strict=True):
        outputs = model.encoder(
            x, training=False, only_first=model.pooling != "mean"
        )
        pooled = pool(outputs, x["padding_mask"], model.pooling)
        first = outputs["sequence_output"][:, 0]
        heads = model.heads(pooled, task_ids=x["task_ids"], training=False)
        own = rows >= 0
        vectors[rows[own]] = _numpy(first)[own]
        logits[rows[own]] = _numpy(heads)[own]
    return vectors, logits


def _numpy(tensor) -> np.ndarray:
    return ops.convert_to_numpy(ops.cast(tensor, "float32"))

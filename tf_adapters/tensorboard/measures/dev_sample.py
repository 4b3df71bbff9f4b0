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

# Of a batch. One operation after the other is called from Python, so that few
# large ones take least time.
_TOKENS = 4096


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
    """Some examples of each dev set, tokenised once.

    Args:
        predictor: a `Predictor`.
        dev: dict from a name to labelled `Examples`.
        most: int. The most examples of all dev sets together, rounded up to
            an equal share of each. Defaults to 200.
    """

    def __init__(self, predictor, dev: dict, most: int = 200) -> None:
        self._predictor = predictor
        self._dev = dev
        self._each = -(-most // len(dev))
        self._chosen: dict[str, tuple[Examples, EncodedExamples]] = {}
        self._answers: dict[str, Answers] = {}

    def forget(self) -> None:
        """Says that the weights have changed."""
        self._answers = {}

    def answers(self) -> dict[str, Answers]:
        """Returns what the model makes of them now, by name of the dev set."""
        if not self._answers:
            self._answers = self._answer()
        return self._answers

    def _choose(self, name: str) -> tuple[Examples, EncodedExamples]:
        whole = self._dev[name]
        # To be scored, they were tokenised already.
        encoded = self._predictor.encoded(whole)
        random = np.random.default_rng(0)
        rows = np.sort(random.permutation(len(whole))[: self._each])
        return _taken(whole, rows), encoded.rows(rows)

    def _answer(self) -> dict[str, Answers]:
        if not self._chosen:
            self._chosen = {name: self._choose(name) for name in self._dev}
        model = self._predictor.model
        encoded = [own for _, own in self._chosen.values()]
        ends = np.cumsum([len(own) for own in encoded])
        # Side by side, they fill fewer batches.
        computed = _compute(model, EncodedExamples.concatenate(encoded))
        vectors, logits = (np.split(own, ends[:-1]) for own in computed)
        answers = {}
        for i, (name, (examples, own)) in enumerate(self._chosen.items()):
            task = model.tasks[int(own.task_ids[0])]
            if task.is_regression:
                low, high = task.value_range
                outputs = low + (high - low) * np.clip(logits[i][:, :1], 0, 1)
            else:
                outputs = tf.nn.softmax(logits[i][:, : task.num_outputs])
            answers[name] = Answers(
                task, examples, vectors[i], np.asarray(outputs)
            )
        return answers


def _taken(examples: Examples, rows: np.ndarray) -> Examples:
    columns = tuple([column[i] for i in rows] for column in examples.texts)
    return Examples(examples.task, columns, examples.labels[rows])


def _compute(model, encoded: EncodedExamples):
    longest = int(encoded.lengths.max())
    num_batches = -(-len(encoded) * longest // _TOKENS)
    size = -(-len(encoded) // num_batches)
    plan = plan_once(encoded.lengths, size, default_widths(longest))
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

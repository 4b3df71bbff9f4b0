"""Predictions and scores of a model on whole sets of examples."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from tf_adapters.data.batches.encoded import EncodedExamples
from tf_adapters.data.batches.pipeline import batches
from tf_adapters.data.batches.plan import default_widths
from tf_adapters.data.batches.plan import plan_once
from tf_adapters.data.batches.text_encoder import TextEncoder
from tf_adapters.data.examples import Examples
from tf_adapters.evaluation.metrics import score


class Predictor:
    """Runs a model over examples of one task at a time.

    Args:
        model: a `MultiTaskClassifier` with a tokenizer.
        sequence_length: int. The most tokens of an example. Defaults to 128.
        batch_size: int. Defaults to 32.
        callbacks: sequence of Keras callbacks of each prediction. Defaults to
            none.

    Raises:
        ValueError: if the model has no tokenizer.
    """

    def __init__(
        self,
        model,
        sequence_length: int = 128,
        batch_size: int = 32,
        callbacks: Sequence[keras.callbacks.Callback] = (),
    ) -> None:
        if model.tokenizer is None:
            raise ValueError(
                "The model must have a tokenizer to read text. Received a "
                "model without one. Pass `tokenizer=` to "
                "`MultiTaskClassifier`, or use `from_preset`."
            )
        self.model = model
        self.text_encoder = TextEncoder(model.tokenizer, sequence_length)
        self.batch_size = batch_size
        self.callbacks = list(callbacks)
        self._encoded: dict[int, EncodedExamples] = {}
        self._scored: dict[int, np.ndarray] = {}

    def predict(self, task: str, texts) -> list[dict]:
        """Predicts texts as they are.

        Args:
            task: name of a task of the model; for an ensemble, one of its own.
            texts: a text, or for a task that reads two a tuple of two; or a
                list of any number of them.

        Returns:
            list of dict, one for each text: `label`, the name of the class or
            the value of a regression, and for a class `scores`, a dict from
            the names of all classes to their probabilities.

        Raises:
            ValueError: if the model has no such task, or a text is not one.

        Example:

        >>> predictor.predict("rte", [("A man sleeps.", "Nobody is awake.")])
        [{'label': 'entailment', 'scores': {'entailment': 0.9, ...}}]
        """
        own = self.model.tasks[self.model.task_id(task)]
        examples = Examples(own, _columns(own, texts), None)
        outputs = self.outputs(self.encode(examples))
        if own.is_regression:
            return [{"label": float(value)} for value in outputs[:, 0]]
        return [
            {
                "label": own.labels[row.argmax()],
                "scores": dict(zip(own.labels, row.tolist(), strict=True)),
            }
            for row in outputs
        ]

    def encode(self, examples: Examples, task: str | None = None):
        """Tokenises `examples` for the head called `task`, its own if None."""
        task_id = self.model.task_id(task or examples.task.name)
        return EncodedExamples.encode(self.text_encoder, examples, task_id)

    def outputs(self, encoded: EncodedExamples) -> np.ndarray:
        """Predicts examples of one task.

        Args:
            encoded: `EncodedExamples` of a single task.

        Returns:
            float array of shape `(num_examples, num_outputs)`, in the order
            of the examples: probabilities that add up to 1, or the value of a
            regression in the task's own units, clipped to its range.
        """
        task = self.model.tasks[int(encoded.task_ids[0])]
        widths = default_widths(self.text_encoder.sequence_length)
        plan = plan_once(encoded.lengths, self.batch_size, widths)
        logits = self.logits(batches(encoded, plan))
        order = plan.indices.ravel()
        own = np.empty((len(encoded), task.num_outputs))
        own[order[order >= 0]] = logits[order >= 0, : task.num_outputs]
        if not task.is_regression:
            return tf.nn.softmax(own).numpy()
        low, high = task.value_range
        return low + (high - low) * np.clip(own, 0, 1)

    def logits(self, dataset: tf.data.Dataset) -> np.ndarray:
        """Returns what the model returns for every row of a dataset."""
        return self.model.predict(dataset, verbose=0, callbacks=self.callbacks)

    def score(self, examples: Examples) -> dict[str, float]:
        """Predicts labelled examples and returns the metrics of their task."""
        outputs = self.outputs(self.encoded(examples))
        self._scored[id(examples)] = outputs
        return score(examples.task, outputs, examples.labels)

    def encoded(self, examples: Examples) -> EncodedExamples:
        """Tokenises `examples` once, however often the same object is given."""
        if id(examples) not in self._encoded:
            self._encoded[id(examples)] = (examples, self.encode(examples))
        return self._encoded[id(examples)][1]

    def scored_outputs(self, examples: Examples) -> np.ndarray | None:
        """Returns the outputs from which examples were scored the last time.

        Args:
            examples: the same object that `score` was given.

        Returns:
            What `outputs` returned, or `None` if they were never scored.
        """
        return self._scored.get(id(examples))


def _columns(task, texts):
    """Takes a text, a pair, or a list of them apart into columns."""
    if isinstance(texts, str | tuple):
        texts = [texts]
    rows = [(text,) if isinstance(text, str) else text for text in texts]
    if not rows:
        raise ValueError("There is no text to predict. Write one or more.")
    count = len(task.text_columns)
    for row in rows:
        if not isinstance(row, tuple | list) or len(row) != count:
            example = "a text" if count == 1 else "a tuple of two texts"
            raise ValueError(
                f"Task {task.name!r} reads {' and '.join(task.text_columns)}. "
                f"Received: {row!r}. Write {example}, or a list of them."
            )
    return tuple(list(column) for column in zip(*rows, strict=True))

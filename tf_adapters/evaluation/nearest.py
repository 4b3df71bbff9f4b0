"""Finds the task whose adapters suit a new task best."""

import numpy as np
from keras import ops
from sklearn.linear_model import LogisticRegression
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tf_adapters.data.batches.encoded import EncodedExamples
from tf_adapters.data.batches.pipeline import batches
from tf_adapters.data.batches.plan import default_widths
from tf_adapters.data.batches.plan import plan_once
from tf_adapters.data.batches.text_encoder import TextEncoder
from tf_adapters.data.examples import Examples
from tf_adapters.model.pooling import pool

# Each example is left out once where there are few, a tenth of them otherwise.
_FOLDS = 10
# What a class costs that was never seen among the other folds.
_LEAST = 1e-3
_BATCH_SIZE = 32


def nearest_task(
    model, examples: Examples, sequence_length: int = 128
) -> tuple[str, dict[str, float]]:
    """Finds the task of a model whose adapters suit a new task best.

    For each task of the model, the examples are encoded with its private
    weights and a linear head is fitted on top, with scikit-learn: a logistic
    regression, or a ridge regression for a regression. The task with the
    lowest loss on held-out examples, by cross-validation, is the nearest.

    Args:
        model: a `MultiTaskClassifier` with a tokenizer. It is not changed.
        examples: a few labelled `Examples` of the new task, at least two.
        sequence_length: int. The most tokens of an example. Defaults to 128.

    Returns:
        Tuple of the name of the nearest task, and a dict from the name of each
        task to its mean loss: cross-entropy in nats, or the squared error of
        labels scaled to 0 to 1.

    Raises:
        ValueError: if there are no labels, or fewer than two examples.

    Example:

    >>> name, losses = tf_adapters.nearest_task(model, examples)
    >>> model.add_task(examples.task, initialise_from=name)
    """
    if examples.labels is None or len(examples) < 2:
        raise ValueError(
            "The nearest task is found on at least two examples with labels. "
            f"Received: {len(examples)} examples "
            f"{'without' if examples.labels is None else 'with'} labels."
        )
    text_encoder = TextEncoder(model.tokenizer, sequence_length)
    losses = {}
    for i, name in enumerate(model.task_names):
        encoded = EncodedExamples.encode(text_encoder, examples, i)
        features = _features(model, encoded, sequence_length)
        losses[name] = _held_out_loss(
            features, encoded.targets, examples.task.is_regression
        )
    return min(losses, key=losses.get), losses


def _features(model, encoded: EncodedExamples, sequence_length: int):
    plan = plan_once(
        encoded.lengths, _BATCH_SIZE, default_widths(sequence_length)
    )
    found = np.empty((len(encoded), model.encoder.hidden_dim), "float32")
    dataset = batches(encoded, plan)
    for rows, (x, *_) in zip(plan.indices, dataset, strict=True):
        outputs = model.encoder(x, training=False)
        pooled = pool(outputs, x["padding_mask"], model.pooling)
        found[rows[rows >= 0]] = ops.convert_to_numpy(pooled)[rows >= 0]
    return found


def _held_out_loss(features, labels, is_regression: bool) -> float:
    losses = np.empty(len(labels))
    order = np.random.default_rng(0).permutation(len(labels))
    for held in np.array_split(order, min(_FOLDS, len(labels))):
        rest = np.setdiff1d(order, held)
        fit = _fit_value if is_regression else _fit_class
        losses[held] = fit(
            features[rest], labels[rest], features[held], labels[held]
        )
    return float(np.mean(losses))


def _fit_value(features, labels, held_features, held_labels):
    head = make_pipeline(StandardScaler(), Ridge())
    guesses = head.fit(features, labels).predict(held_features)
    return (guesses - held_labels) ** 2


def _fit_class(features, labels, held_features, held_labels):
    labels, held_labels = labels.astype(int), held_labels.astype(int)
    if len(set(labels)) == 1:
        chances = np.where(held_labels == labels[0], 1.0, 0.0)
    else:
        head = make_pipeline(StandardScaler(), LogisticRegression())
        head.fit(features, labels)
        table = dict(
            zip(head.classes_, head.predict_proba(held_features).T, strict=True)
        )
        nothing = np.zeros(len(held_labels))
        chances = np.array(
            [table.get(k, nothing)[i] for i, k in enumerate(held_labels)]
        )
    return -np.log(np.maximum(chances, _LEAST))

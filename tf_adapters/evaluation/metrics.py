"""The papers' metrics, over a whole dev set at once."""

from collections.abc import Callable

import numpy as np

from tf_adapters.data.examples import Examples
from tf_adapters.data.task import Task


def score(task: Task, outputs: np.ndarray, labels: np.ndarray) -> dict:
    """Scores the predictions for a whole data set.

    Averages over batches are never taken: Matthews and the correlations of
    parts do not average to that of the whole.

    Args:
        task: the task, whose `metrics` are computed.
        outputs: float array of shape `(num_examples, num_outputs)`:
            probabilities or logits of the classes, or the predicted value.
        labels: float array of shape `(num_examples,)`: class indices, or
            values in the task's own units.

    Returns:
        dict from metric name to float between -1 and 1. A correlation that is
        undefined, because a side is constant, counts as 0.
    """
    predicted = outputs[:, 0] if task.is_regression else outputs.argmax(axis=1)
    return {name: _METRICS[name](labels, predicted) for name in task.metrics}


def majority_score(examples: Examples, train: Examples) -> dict:
    """Scores the constant guess: the commonest training label, or the mean.

    Args:
        examples: the labelled examples that are scored.
        train: the labelled examples that the guess is taken from.

    Returns:
        dict from metric name to float, as `score` returns.
    """
    task = examples.task
    outputs = np.zeros((len(examples), task.num_outputs))
    if task.is_regression:
        outputs[:] = train.labels.mean()
    else:
        counts = np.bincount(train.labels.astype(int), minlength=2)
        outputs[:, counts.argmax()] = 1
    return score(task, outputs, examples.labels)


def task_score(scores: dict[str, float]) -> float:
    """Returns the mean of the metrics of one task."""
    return float(np.mean(list(scores.values())))


def mean_score(scores: dict[str, dict[str, float]]) -> float:
    """Returns the mean over tasks of the mean of each task's metrics."""
    return float(np.mean([task_score(own) for own in scores.values()]))


def _accuracy(labels, predicted):
    from sklearn.metrics import accuracy_score

    return float(accuracy_score(labels, predicted))


def _f1(labels, predicted):
    from sklearn.metrics import f1_score

    return float(f1_score(labels, predicted, pos_label=1, zero_division=0))


def _matthews(labels, predicted):
    from sklearn.metrics import matthews_corrcoef

    return float(matthews_corrcoef(labels, predicted))


def _pearson(labels, predicted):
    from scipy.stats import pearsonr

    return _correlation(pearsonr, labels, predicted)


def _spearman(labels, predicted):
    from scipy.stats import spearmanr

    return _correlation(spearmanr, labels, predicted)


def _correlation(function, labels, predicted):
    if len(labels) < 2 or np.ptp(labels) == 0 or np.ptp(predicted) == 0:
        return 0.0
    return float(function(labels, predicted).statistic)


_METRICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "accuracy": _accuracy,
    "f1": _f1,
    "matthews": _matthews,
    "pearson": _pearson,
    "spearman": _spearman,
}

"""Scores of dev sets among the logs of an epoch, where Keras looks for them."""

from collections.abc import Mapping

from tf_adapters.data.examples import Examples
from tf_adapters.evaluation.metrics import mean_score
from tf_adapters.evaluation.predictor import Predictor


def add_dev_scores(
    logs: dict[str, float], predictor: Predictor, dev: Mapping[str, Examples]
) -> None:
    """Adds `val_<name>_<metric>` for each dev set, and `val_mean`.

    Args:
        logs: dict that Keras hands to `on_epoch_end`.
        predictor: a `Predictor` for the model in training.
        dev: dict from a name to labelled `Examples`.
    """
    scores = {name: predictor.score(own) for name, own in dev.items()}
    for name, own in scores.items():
        for metric, value in own.items():
            logs[f"val_{name}_{metric}"] = value
    logs["val_mean"] = mean_score(scores)


def dev_scores_in(
    logs: Mapping[str, float], dev: Mapping[str, Examples]
) -> dict[str, dict[str, float]]:
    """Returns what `add_dev_scores` added, by dev set and metric.

    Args:
        logs: as for `add_dev_scores`; a score may be missing.
        dev: likewise.
    """
    found = {}
    for name, own in dev.items():
        keys = {metric: f"val_{name}_{metric}" for metric in own.task.metrics}
        found[name] = {k: logs[v] for k, v in keys.items() if v in logs}
    return found

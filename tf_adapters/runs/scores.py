"""What stands beside the dev scores of a run."""

import importlib.metadata

from tf_adapters.data.examples import Examples
from tf_adapters.evaluation.metrics import majority_score
from tf_adapters.evaluation.metrics import mean_score


def majority(
    dev_examples: dict[str, Examples], train_examples: dict[str, Examples]
) -> dict[str, dict[str, float]]:
    """Scores the constant guess on every dev set.

    Args:
        dev_examples: dict from the name of a dev set to its examples.
        train_examples: dict from the name of a task to those that the guess
            is taken from.
    """
    return {
        name: majority_score(dev, train_examples[dev.task.name])
        for name, dev in dev_examples.items()
    }


def versions() -> dict[str, str]:
    """Returns the versions of the libraries that compute."""
    names = ("tensorflow", "keras", "keras-hub", "tensorflow-text")
    return {name: importlib.metadata.version(name) for name in names}


def score_table(metrics: dict) -> str:
    """Returns the dev scores beside those of the constant guess, as text.

    Args:
        metrics: what `Run.evaluate` returned.
    """
    lines = [f"{'task':<16}{'metric':<12}{'dev':>8}{'majority':>10}"]
    for name, scores in metrics["dev"].items():
        for metric, value in scores.items():
            guess = metrics["majority"][name][metric]
            lines.append(f"{name:<16}{metric:<12}{value:>8.3f}{guess:>10.3f}")
    guess = mean_score(metrics["majority"])
    lines.append(f"{'mean':<28}{metrics['mean']:>8.3f}{guess:>10.3f}")
    return "\n".join(lines)

"""The dev scores of a run, and what stands beside them."""

from __future__ import annotations

import importlib.metadata

from etils import epy

from tf_adapters.evaluation.metrics import majority_score
from tf_adapters.evaluation.metrics import mean_score
from tf_adapters.runs.run import Run

with epy.lazy_imports():
    from tf_adapters.model import parameters


def evaluate(run: Run) -> dict:
    """Scores the dev sets and writes `metrics.json`.

    Args:
        run: a `Run` that has trained.

    Returns:
        What was written.
    """
    run.say("Scoring the dev sets with the best epoch")
    with run.watch.watching():
        dev = {k: run.predictor.score(v) for k, v in run.dev_examples.items()}
    metrics = {
        "dev": dev,
        "mean": mean_score(dev),
        "majority": _majority(run),
        "best_epoch": run.best.epoch + 1,
        "seconds_per_step": run.timer.median,
        "trainable_percent": parameters.trainable_percent(run.model),
        "padding_share": run.training_set.padding_share,
        "drawn": run.training_set.drawn,
        "started_from": run.started_from,
        "steps_per_epoch": run.training_set.steps_per_epoch,
        "history": run.history,
        "versions": _versions(),
    }
    run.directory.write_metrics(metrics)
    return metrics


def _majority(run: Run) -> dict[str, dict[str, float]]:
    """Scores the commonest training label on every dev set."""
    return {
        name: majority_score(dev, run.train_examples[dev.task.name])
        for name, dev in run.dev_examples.items()
    }


def _versions() -> dict[str, str]:
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

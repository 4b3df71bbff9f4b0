"""A comparison as JSON and as CSV, for programs."""

import csv
import io
import json
import math
from typing import Any

from tf_adapters.comparison.comparison import Comparison
from tf_adapters.comparison.row import Row
from tf_adapters.comparison.spread import Spread

_COLUMNS = (
    "method",
    "task",
    "metric",
    "score",
    "deviation",
    "seeds",
    "difference",
    "difference_deviation",
    "difference_seeds",
    "trained_percent",
    "bundle_bytes",
    "seconds_per_step",
)


def to_json(comparison: Comparison) -> str:
    """Returns all that there is to say, scores as fractions.

    What is not a finite number is null, since JSON has no other word for it.

    Args:
        comparison: a `Comparison`.
    """
    methods = [_row(comparison, row) for row in comparison.rows]
    found = {
        "tasks": comparison.metrics,
        "reference": comparison.reference.name,
        "other_data": comparison.other_data,
        "methods": methods,
    }
    return json.dumps(_finite(found), indent=2, allow_nan=False)


def to_csv(comparison: Comparison) -> str:
    """Returns a line for each method, task and metric, scores as fractions.

    The last lines of a method are those of its mean over all tasks, if it has
    one. Seeds are separated by spaces.

    Args:
        comparison: a `Comparison`.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in comparison.rows:
        costs = (row.trained_percent, row.bundle_bytes, row.seconds_per_step)
        for task in comparison.tasks:
            for metric in comparison.metrics[task]:
                of_what = (row, task, metric)
                score = comparison.task(*of_what)
                if score is not None:
                    difference = comparison.task_difference(*of_what)
                    cells = (*_cells(score), *_cells(difference), *costs)
                    writer.writerow((row.name, task, metric, *cells))
        mean = comparison.mean(row)
        if mean is not None:
            difference = comparison.mean_difference(row)
            cells = (*_cells(mean), *_cells(difference), *costs)
            writer.writerow((row.name, "mean", "mean", *cells))
    return text.getvalue().rstrip("\n")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _cells(spread: Spread | None) -> tuple:
    if spread is None:
        return ("", "", "")
    seeds = " ".join(map(str, spread.seeds))
    return spread.mean, spread.deviation, seeds


def _row(comparison: Comparison, row: Row) -> dict[str, Any]:
    tasks = [task for task in comparison.tasks if task in row.tasks]
    metrics = comparison.metrics
    return {
        "name": row.name,
        "recipe": row.recipe,
        "scores": {
            task: {m: _spread(comparison.task(row, task, m)) for m in own}
            for task, own in metrics.items()
            if task in tasks
        },
        "mean": _spread(comparison.mean(row)),
        "differences": {
            task: {
                m: _spread(comparison.task_difference(row, task, m))
                for m in own
            }
            for task, own in metrics.items()
            if task in tasks
        },
        "mean_difference": _spread(comparison.mean_difference(row)),
        "trained_percent": row.trained_percent,
        "bundle_bytes": row.bundle_bytes,
        "seconds_per_step": row.seconds_per_step,
        "settings": [
            {"tasks": part[0].tasks, **part[0].settings} for part in row.parts
        ],
        "runs": [str(run.path) for run in row.runs],
    }


def _spread(spread: Spread | None) -> dict[str, Any] | None:
    if spread is None:
        return None
    return {
        "mean": spread.mean,
        "deviation": spread.deviation,
        "seeds": list(spread.seeds),
    }

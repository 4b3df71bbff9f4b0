"""The runs of one method, as a row of a table."""

import dataclasses
import math
import statistics

import run_directories
from run_directories import Run


@dataclasses.dataclass(frozen=True)
class Row:
    """One method.

    Attributes:
        name: of the recipe.
        parts: lists of runs that differ by seed: one of all tasks, or one of
            each task.
        tried: the lists that `parts` were chosen from.
    """

    name: str
    parts: list[list[Run]]
    tried: list[list[Run]]

    def mean(self, tasks):
        """Returns mean and deviation over `tasks`, or `None` if one lacks."""
        counts = [len(part[0].tasks) for part in self.parts]
        if sum(counts) < len(tasks):
            return None
        each = [figure(part, "mean") for part in self.parts]
        shares = [count / len(tasks) for count in counts]
        pairs = list(zip(shares, each, strict=True))
        value = sum(share * mean for share, (mean, _) in pairs)
        if any(deviation is None for _, deviation in each):
            return value, None
        return value, math.hypot(*(share * d for share, (_, d) in pairs))

    def per_task(self, value):
        """Returns the sum of `value(run)` over the tasks, per task."""
        values = [value(part[0]) for part in self.parts]
        if None in values:
            return None
        return sum(values) / sum(len(part[0].tasks) for part in self.parts)

    @property
    def trained(self):
        """Trainable weights of a task, in percent of the backbone."""
        return self.per_task(lambda run: run.metrics["trainable_percent"])


def figure(part, *keys):
    """Returns mean and deviation over seeds of what `metrics.json` holds."""
    values = []
    for run in part:
        value = run.metrics
        for key in keys:
            value = value[key]
        values.append(value)
    spread = statistics.stdev(values) if len(values) > 1 else None
    return statistics.mean(values), spread


def make_rows(runs):
    """Returns the tasks and one `Row` for each recipe.

    The best mean comes first; recipes that lack a task come last.
    """
    tasks = run_directories.compared_tasks(runs)
    tried = {}
    for group in run_directories.grouped(runs):
        alone = len(group[0].tasks) < len(tasks)
        recipe = group[0].config["recipe"]
        tried.setdefault((recipe, alone), []).append(group)
    rows = []
    for (recipe, alone), groups in tried.items():
        both = (recipe, not alone) in tried
        name = f"{recipe}, one task each" if alone and both else recipe
        best = {}
        for group in sorted(groups, key=lambda group: figure(group, "mean")[0]):
            best[tuple(group[0].tasks) if alone else ()] = group
        rows.append(Row(name, list(best.values()), groups))
    rows.sort(key=lambda row: -(row.mean(tasks) or (-math.inf,))[0])
    return tasks, rows


def find(rows, name):
    """Returns the row that the others are measured by."""
    for row in rows:
        if row.name == name:
            return row
    raise ValueError(
        "`--reference` must be one of the methods compared. Received: "
        f"{name!r}, beside {', '.join(row.name for row in rows)}. Name one of "
        "these, or add runs of it."
    )

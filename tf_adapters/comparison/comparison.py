"""Runs of any kind put beside one another."""

import math

from tf_adapters.comparison.finished_run import FinishedRun
from tf_adapters.comparison.grouping import make_rows
from tf_adapters.comparison.row import Row
from tf_adapters.comparison.same_data import tell_apart
from tf_adapters.comparison.spread import Spread
from tf_adapters.comparison.spread import paired_difference
from tf_adapters.comparison.spread import spread_of

FULL = "full_fine_tuning"


class Comparison:
    """Rows of runs that differ by seed only, and one that they are held to.

    Args:
        runs: finished runs, at least one, of any tasks.
        best: bool. Whether a recipe has one row only, of the best settings of
            those tried. They are chosen by the scores that are shown.
        reference: name of a row, or of a recipe for its best row. Defaults to
            full fine-tuning if there is a run of it, else the first row.

    Attributes:
        tasks: names of all tasks.
        metrics: dict from a task to the names of its metrics.
        rows: list of `Row`, the best mean first.
        reference: the `Row` that the others are held to.
        other_data: dict from the name of a task that was scored on other data
            than its namesake to the folder of a run of it.

    Raises:
        ValueError: if there is no such row.
    """

    def __init__(
        self,
        runs: list[FinishedRun],
        best: bool = False,
        reference: str = "",
    ) -> None:
        runs, self.other_data = tell_apart(runs)
        self.metrics = {k: list(v) for r in runs for k, v in r.scores.items()}
        self.tasks = tuple(self.metrics)
        self.rows = sorted(make_rows(runs, best), key=self._order)
        self.reference = self._find(reference)

    def mean(self, row: Row) -> Spread | None:
        """Returns the mean over all tasks, `None` if the row lacks one."""
        if set(row.tasks) != set(self.tasks):
            return None
        found = spread_of(row.mean_scores(self.tasks))
        if found is not None:
            return found
        # Its tasks were trained with different seeds.
        each = [spread_of(row.task_scores(task)).mean for task in self.tasks]
        return Spread(sum(each) / len(each), None, ())

    def task(self, row: Row, task: str, metric: str = "") -> Spread | None:
        """Returns a score over seeds, `None` if the row lacks the task.

        Args:
            row: one of the rows.
            task: name of the task.
            metric: name of a metric; empty for the mean of all of the task.
        """
        return spread_of(row.task_scores(task, metric))

    def task_difference(
        self, row: Row, task: str, metric: str = ""
    ) -> Spread | None:
        """Returns what a row has more than the reference, seed by seed.

        Args:
            row, task, metric: as for `task`.

        Returns:
            A `Spread` over the seeds of both, `None` if they share none.
        """
        return paired_difference(
            row.task_scores(task, metric),
            self.reference.task_scores(task, metric),
        )

    def mean_difference(self, row: Row) -> Spread | None:
        """Returns the same of the mean over all tasks."""
        return paired_difference(
            row.mean_scores(self.tasks), self.reference.mean_scores(self.tasks)
        )

    def _order(self, row: Row) -> tuple:
        mean = self.mean(row)
        return (-(mean.rank if mean else -math.inf), -len(row.tasks))

    def _find(self, name: str) -> Row:
        for row in self.rows:
            if row.name == name:
                return row
        for row in self.rows:
            if (name or FULL) in (row.recipe, row.source):
                return row
        if not name:
            return self.rows[0]
        raise ValueError(
            "`--reference` must be one of the methods compared. Received: "
            f"{name!r}, beside {'; '.join(row.name for row in self.rows)}. "
            "Name one of these, or add runs of it."
        )

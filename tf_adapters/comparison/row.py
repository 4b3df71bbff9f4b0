"""The runs of one method, as a row of a table."""

import dataclasses
import statistics
from collections.abc import Callable

from tf_adapters.comparison.finished_run import FinishedRun
from tf_adapters.comparison.spread import mean_by_seed

Part = tuple[FinishedRun, ...]


@dataclasses.dataclass(frozen=True)
class Row:
    """One method, or one choice of its settings.

    Attributes:
        name: the recipe, by its source if another has its name, with the flags
            that tell it from its other rows.
        parts: tuples of runs that differ by seed: one of several tasks, or
            one of each task.
        tried: the parts that these were chosen from.
    """

    name: str
    parts: tuple[Part, ...]
    tried: tuple[Part, ...]

    @property
    def recipe(self) -> str:
        """Name of the recipe."""
        return self.parts[0][0].recipe

    @property
    def source(self) -> str:
        """The name or the path of its recipe."""
        return self.parts[0][0].source

    @property
    def runs(self) -> list[FinishedRun]:
        """All runs of the row."""
        return [run for part in self.parts for run in part]

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that it has scores of, each dev set as one of its own."""
        return tuple(name for part in self.parts for name in part[0].dev_sets)

    def task_scores(self, task: str, metric: str = "") -> dict[int, float]:
        """Returns the score of a task by seed.

        Args:
            task: name of the task.
            metric: name of the metric; empty for the mean of all of them.

        Returns:
            dict, empty without the task. Runs of one seed count as their mean.
        """
        found: dict[int, list[float]] = {}
        for run in self.runs:
            own = run.scores.get(task, {})
            if own:
                value = own[metric] if metric else statistics.mean(own.values())
                found.setdefault(run.seed, []).append(value)
        return {k: statistics.mean(v) for k, v in sorted(found.items())}

    def mean_scores(self, tasks: tuple[str, ...]) -> dict[int, float]:
        """Returns the mean over tasks by seed; empty if there is none of all.

        Args:
            tasks: names of the tasks. Each counts as the mean of its metrics.
        """
        return mean_by_seed([self.task_scores(task) for task in tasks])

    def per_task(
        self, value: Callable[[FinishedRun], float | None]
    ) -> float | None:
        """Returns the mean over the tasks of what a run has, or `None`.

        Args:
            value: function from a run to a number for each of its tasks.
        """
        values = [(value(part[0]), len(part[0].tasks)) for part in self.parts]
        if any(number is None for number, _ in values):
            return None
        count = sum(count for _, count in values)
        return sum(number * count for number, count in values) / count

    @property
    def trained_percent(self) -> float:
        """Trainable weights of a task, in percent of the backbone."""
        return self.per_task(lambda run: run.trained_percent)

    @property
    def bundle_bytes(self) -> float | None:
        """Bytes of the bundle of a task."""
        return self.per_task(lambda run: run.bundle_bytes)

    @property
    def seconds_per_step(self) -> float | None:
        """Seconds of a step, `None` if a run was too short to tell."""
        times = [run.seconds_per_step for run in self.runs]
        return None if None in times else statistics.mean(times)

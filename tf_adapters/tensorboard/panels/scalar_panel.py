"""Losses, dev scores and the learning rate."""

import numpy as np
from keras import ops

from tf_adapters.tensorboard.panels.panel import Panel
from tf_adapters.tensorboard.panels.panel import scalar


class ScalarPanel(Panel):
    """Writes `loss/<task>`, `dev/<task>/<metric>`, `schedule/learning_rate`.

    A loss is the mean over the steps since the last line, and not, as Keras
    logs it, since the epoch began.
    """

    def epoch_begins(self) -> None:
        """Notes the sums: an epoch that goes on does not start from zero."""
        self._before = self._sums()

    def steps(self, window) -> list:
        """Returns the losses of some steps, and the learning rate."""
        before, self._before = self._before, self._sums()
        found = [
            scalar(f"loss/{name}", total / count, _LOSS)
            for name, (total, count) in _differences(before, self._before)
            if count > 0
        ]
        optimizer = self.training.model.optimizer
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        rate = ops.convert_to_numpy(optimizer.learning_rate)
        return [*found, scalar("schedule/learning_rate", rate, _RATE)]

    def epoch(self, logs: dict[str, float]) -> list:
        """Returns the scores that are among the logs."""
        return [
            scalar(f"dev/{_path(key.removeprefix('val_'))}", value, _DEV)
            for key, value in logs.items()
            if key.startswith("val_")
        ]

    def _sums(self) -> dict[str, np.ndarray]:
        model = self.training.model
        trackers = dict(zip(model.task_names, model.loss_trackers, strict=True))
        (whole,) = [m for m in model.metrics if m.name == "loss"]
        # No task is called so: names have no blanks.
        trackers[_ALL] = whole
        return {
            name: np.array(
                [
                    ops.convert_to_numpy(tracker.total),
                    ops.convert_to_numpy(tracker.count),
                ],
                "float64",
            )
            for name, tracker in trackers.items()
        }


def _differences(before, after):
    return [(name, after[name] - before[name]) for name in after]


def _path(key: str) -> str:
    """`rte_accuracy` becomes `rte/accuracy`: no metric has a `_`."""
    task, _, metric = key.rpartition("_")
    return f"{task}/{metric}" if task else metric


_ALL = "all tasks"
_LOSS = (
    "Mean loss of the examples since the point before, times the weight of "
    "the task. `all tasks` is what the optimizer lowers."
)
_DEV = "Score of the whole dev set after an epoch."
_RATE = "Learning rate of the next step."

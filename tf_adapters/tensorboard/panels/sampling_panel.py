"""Which tasks the examples of a training are of."""

import numpy as np

from tf_adapters.tensorboard.panels.panel import Panel
from tf_adapters.tensorboard.panels.panel import scalar


class SamplingPanel(Panel):
    """Writes `sampling/<task>`, the shares that were really drawn.

    They are read from the plan of a `TrainingSet`; without one there are none.
    """

    def steps(self, window) -> list:
        """Returns the share of each task among the examples of some steps."""
        training_set = self.training.training_set
        if training_set is None:
            return []
        plan = training_set.plan
        own = np.arange(window.first, window.last) % len(plan.indices)
        rows = plan.indices[own]
        drawn = training_set.examples.task_ids[rows[rows >= 0]]
        return [
            scalar(f"sampling/{name}", np.mean(drawn == i), _SHARE)
            for i, name in enumerate(training_set.task_names)
        ]


_SHARE = "Share of the task among the examples since the point before."

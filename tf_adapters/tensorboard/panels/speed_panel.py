"""How fast a training goes, and what holds it up."""

import numpy as np

from tf_adapters.tensorboard.panels.panel import Panel
from tf_adapters.tensorboard.panels.panel import scalar


class SpeedPanel(Panel):
    """Writes `speed/...`: steps, tokens, padding, and waiting for data.

    Tokens and padding are those of the plan of a `TrainingSet`; without one,
    nothing is known of them.
    """

    def steps(self, window) -> list:
        """Returns the speed of some steps."""
        count = window.last - window.first
        found = [
            scalar("speed/steps_per_second", count / window.seconds, _STEPS)
        ]
        if window.waited is not None:
            share = window.waited / window.seconds
            found.append(scalar("speed/waiting_for_data", share, _WAITING))
        if self.training.training_set is None:
            return found
        real, places = self._tokens(window)
        return [
            *found,
            scalar("speed/tokens_per_second", real / window.seconds, _TOKENS),
            scalar("speed/padding_share", 1 - real / places, _PADDING),
        ]

    def _tokens(self, window) -> tuple[int, int]:
        plan = self.training.training_set.plan
        lengths = self.training.training_set.examples.lengths
        # A dataset that is repeated begins anew.
        own = np.arange(window.first, window.last) % len(plan.indices)
        rows = plan.indices[own]
        real = lengths[rows[rows >= 0]].sum(dtype=np.int64)
        return real, rows.shape[1] * plan.widths[own].sum(dtype=np.int64)


_STEPS = "Steps in a second. The first point includes what was compiled."
_TOKENS = "Tokens in a second, padding not counted."
_PADDING = "Padding among all that a batch holds."
_WAITING = "Share of the time in which the model waited for a batch."

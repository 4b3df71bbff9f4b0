"""When panels look at the weights."""

from __future__ import annotations

from collections.abc import Mapping

from tf_adapters.tensorboard.budget import Budget
from tf_adapters.tensorboard.logs import Logs
from tf_adapters.tensorboard.panels.panel import Panel
from tf_adapters.tensorboard.weights import is_finite


class Looks:
    """Has panels look after epochs, as a budget allows, and at the end.

    A model that has diverged shows nothing.

    Args:
        panels: dict from a name to a `Panel`.
        budget: what every look is paid from.
        logs: the open `Logs` that what they see is written into.
    """

    def __init__(
        self, panels: Mapping[str, Panel], budget: Budget, logs: Logs
    ) -> None:
        # Others have nothing to look at.
        self._panels = {
            name: panel
            for name, panel in panels.items()
            if type(panel).look is not Panel.look
        }
        self._budget = budget
        self._logs = logs
        self._looked: dict[str, int] = {}

    def after_epoch(self, model, step: int) -> None:
        """Looks as far as the end can be paid for still.

        Args:
            model: the `MultiTaskClassifier` in training.
            step: int. Steps that are done.
        """
        at_end = list(self._panels)
        for name, panel in self._panels.items():
            if panel.is_costly and self._budget.allows(name, at_end):
                self._look(name, model, step, is_last=False)

    def at_end(self, model, step: int) -> None:
        """Looks at what was not seen at this step.

        Args:
            model, step: as for `after_epoch`.
        """
        for name in self._panels:
            if self._looked.get(name) != step:
                self._look(name, model, step, is_last=True)

    def forget(self) -> None:
        """Says that what was seen was of other weights."""
        self._looked.clear()

    def _look(self, name: str, model, step: int, is_last: bool) -> None:
        self._looked[name], panel = step, self._panels[name]
        with self._budget.spending(name):
            if is_finite(model):
                self._logs.put(panel.run, step, panel.look(is_last))

"""Where in the encoder the LayerNorms have moved."""

from tf_adapters.tensorboard.panels.panel import Panel
from tf_adapters.tensorboard.panels.panel import scalar


class LayerNormPanel(Panel):
    """Writes `layer_norms/<place>/layer_<i>`, mean over the tasks."""

    is_costly = True

    def look(self, is_last: bool) -> list:
        """Returns how far each LayerNorm has moved."""
        shifts = self.training.layer_norms.shifts()
        return [
            scalar(f"layer_norms/{place}/layer_{layer}", own.mean(), _SHIFT)
            for (place, layer), own in shifts.items()
        ]


_SHIFT = (
    "Norm of what gain and offset have moved by since before training, over "
    "their norm before. Mean over the tasks, where each has its own."
)

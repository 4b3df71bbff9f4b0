"""The page of the tab Custom Scalars: what matters first, first."""

from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.custom_scalar import summary

from tf_adapters.tensorboard.panels.panel import Panel

# Pages, their charts, and which tags of which group are lines of them.
_PAGES = {
    "How well it learns": {
        "Dev scores": ("scalars", "^dev/"),
        "Training losses": ("scalars", "^loss/"),
        "Learning rate": ("scalars", "^schedule/learning_rate$"),
    },
    "What it is trained on": {
        "Shares of the tasks": ("sampling", "^sampling/"),
    },
    "How fast it is": {
        "Steps per second": ("speed", "^speed/steps_per_second$"),
        "Tokens per second": ("speed", "^speed/tokens_per_second$"),
        "Padding, and waiting for data": (
            "speed",
            "^speed/(padding_share|waiting)",
        ),
    },
    "What the method does": {
        "What adapters add to what they read": (
            "adapters",
            "^adapters/.*/output_ratio$",
        ),
        "Norm of their gradients": ("adapters", "^adapters/.*/gradient_norm$"),
        "How far LayerNorms have moved": ("layer_norms", "^layer_norms/"),
    },
}


class LayoutPanel(Panel):
    """Writes the layout, which names tags and holds no values."""

    def begin(self) -> list:
        """Returns the layout."""
        groups = self.training.groups
        categories = []
        for title, charts in _PAGES.items():
            own = [
                _chart(name, pattern)
                for name, (group, pattern) in charts.items()
                if group in groups
            ]
            if own:
                categories.append(layout_pb2.Category(title=title, chart=own))
        return [summary.pb(layout_pb2.Layout(category=categories))]


def _chart(title: str, pattern: str) -> layout_pb2.Chart:
    lines = layout_pb2.MultilineChartContent(tag=[pattern])
    return layout_pb2.Chart(title=title, multiline=lines)

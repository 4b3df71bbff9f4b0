"""What was trained, how, and by what, as pages of text."""

import importlib.metadata
import json
import shlex
import sys

import numpy as np
from tensorboard.plugins.text import summary_v2 as text

from tf_adapters.model.parameters import count_parameters
from tf_adapters.model.parameters import trainable_percent
from tf_adapters.tensorboard.panels.panel import Panel
from tf_adapters.version import __version__

_PACKAGES = ("tensorflow", "keras", "keras-hub", "tensorflow-text", "numpy")


class TextPanel(Panel):
    """Writes `about/parameters`, `configuration`, `command`, `versions`."""

    def begin(self) -> list:
        """Returns the four pages."""
        model, settings = self.training.model, self.training.settings
        pages = {
            "parameters": parameter_table(model),
            "configuration": _as_json(
                {"method": repr(model.method)} | settings
            ),
            "command": f"    {shlex.join([*sys.orig_argv])}",
            "versions": _table(("package", "version"), _versions()),
        }
        return [
            text.text_pb(f"about/{name}", page) for name, page in pages.items()
        ]


def parameter_table(model) -> str:
    """Returns who owns how many weights of a model, in Markdown.

    Args:
        model: a `MultiTaskClassifier`.
    """
    counts = count_parameters(model)
    owners = [
        ("pretrained backbone", counts["backbone"]),
        ("adapters of one task", counts["per_task"]),
        ("adapters that tasks share", counts["shared"]),
        ("LayerNorms that are trained", counts["layer_norms"]),
        ("heads of all tasks", counts["heads"]),
    ]
    backbone = counts["backbone"]
    rows = [
        (name, f"{count:,}", f"{100 * count / backbone:.3f} %")
        for name, count in owners
    ]
    trained = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    rows.append(
        (
            "**trained now**",
            f"**{trained:,}**",
            f"**{trainable_percent(model):.3f} %**",
        )
    )
    weights = [
        (f"`{name}`", " x ".join(map(str, bank.shape)), _yes(bank.trainable))
        for name, bank in model.banks().items()
    ]
    owned = _table(("weights", "number", "of the backbone"), rows)
    banks = _table(("weights of each task", "shape", "trained"), weights)
    return f"{owned}\n\n{banks}"


def _table(head: tuple[str, ...], rows) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _as_json(settings: dict) -> str:
    lines = json.dumps(settings, indent=2, default=str).splitlines()
    # Markdown shows what is indented as it is.
    return "\n".join(f"    {line}" for line in lines)


def _versions() -> list[tuple[str, str]]:
    found = [(name, importlib.metadata.version(name)) for name in _PACKAGES]
    python = ".".join(map(str, sys.version_info[:3]))
    return [("tf_adapters", __version__), *found, ("python", python)]


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"

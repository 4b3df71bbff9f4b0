"""`params RECIPE`: what a method costs, without loading a weight."""

from __future__ import annotations

import argparse
import dataclasses
import json

from etils import epy

from tf_adapters import model
from tf_adapters.data.task import Task
from tf_adapters.runs.flags import override
from tf_adapters.runs.recipe import load_recipe

with epy.lazy_imports():
    import keras_nlp

SUMMARY = "count the parameters of a recipe on a BERT of any size"
_ABOUT = f"""{SUMMARY}

    Attributes:
        json: print JSON.
    """


@dataclasses.dataclass(frozen=True, kw_only=True)
class Size:
    """The model that is counted.

    Attributes:
        num_layers: transformer layers.
        hidden_dim: width of the encoder.
        intermediate_dim: width of the feed-forward layers.
        vocabulary_size: rows of the token embedding.
        max_sequence_length: rows of the position embedding.
        num_heads: attention heads; 0 for one of 64 dimensions each.
        num_tasks: tasks.
        num_classes: classes of each task; 1 for a regression.
    """

    num_layers: int = 12
    hidden_dim: int = 768
    intermediate_dim: int = 3072
    vocabulary_size: int = 30522
    max_sequence_length: int = 512
    num_heads: int = 0
    num_tasks: int = 1
    num_classes: int = 2

    def __post_init__(self) -> None:
        """Refuses what no model has."""
        for name, value in dataclasses.asdict(self).items():
            if name != "num_heads" and value < 1:
                raise ValueError(
                    f"`{name}` must be at least 1. Received: {name}={value}."
                )


_ROWS = (
    ("backbone", "pretrained weights"),
    ("per_task", "private adapter weights of one task"),
    ("shared", "adapter weights that all tasks share"),
    ("layer_norms", "trained LayerNorm weights"),
    ("heads", "weights of all heads"),
    ("percent_per_task", "% of the backbone that a task adds"),
    ("total_ratio", "backbone and all adapters over the backbone"),
)


def main(argv: list[str], prog: str) -> None:
    """Prints the counts of a recipe.

    Args:
        argv: the recipe, then flags.
        prog: name of the command in its help.

    Raises:
        ValueError: if the recipe is not known or a size does not fit.
    """
    parser = argparse.ArgumentParser(
        prog=prog,
        description=SUMMARY,
        epilog=f"`{prog} RECIPE --help` lists the flags of a recipe.",
    )
    parser.add_argument("recipe", help="a file of models/, or a path to yours")
    recipe = load_recipe(parser.parse_args(argv[:1]).recipe)
    flags = dataclasses.make_dataclass(
        "Params",
        [
            ("json", bool, False),
            ("size", Size, Size()),
            ("config", recipe.Config, recipe.Config()),
        ],
        namespace={"__doc__": _ABOUT},
        frozen=True,
    )
    chosen = override(flags(), argv[1:], f"{prog} {argv[0]}")
    counts = model.count_parameters(
        _model(chosen.size, recipe.method(chosen.config))
    )
    print(json.dumps(counts) if chosen.json else _table(counts))


def _model(size, method) -> model.MultiTaskClassifier:
    backbone = keras_nlp.models.BertBackbone(
        vocabulary_size=size.vocabulary_size,
        num_layers=size.num_layers,
        num_heads=size.num_heads or max(size.hidden_dim // 64, 1),
        hidden_dim=size.hidden_dim,
        intermediate_dim=size.intermediate_dim,
        max_sequence_length=size.max_sequence_length,
    )
    labels = tuple(str(i) for i in range(size.num_classes))
    kind = {"labels": labels}
    if size.num_classes == 1:
        kind = {"value_range": (0.0, 1.0)}
    tasks = [
        Task(name=f"task{i}", text_columns=("text",), **kind)
        for i in range(size.num_tasks)
    ]
    return model.MultiTaskClassifier(backbone, method, tasks)


def _table(counts: dict) -> str:
    lines = []
    for key, text in _ROWS:
        value = counts[key]
        shown = f"{value:,}" if isinstance(value, int) else f"{value:.4f}"
        lines.append(f"{key:<18}{shown:>14}  {text}")
    return "\n".join(lines)

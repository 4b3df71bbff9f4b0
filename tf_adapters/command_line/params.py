"""`params RECIPE`: what a method costs, without loading a weight."""

import argparse
import json

import keras_nlp

from tf_adapters.data.task import Task
from tf_adapters.model.multi_task_classifier import MultiTaskClassifier
from tf_adapters.model.parameters import count_parameters
from tf_adapters.runs.recipe import load_recipe
from tf_adapters.training.config import add_flags
from tf_adapters.training.config import from_flags

SUMMARY = "count the parameters of a recipe on a BERT of any size"
_SIZES = {
    "num_layers": (12, "transformer layers"),
    "hidden_dim": (768, "width of the encoder"),
    "intermediate_dim": (3072, "width of the feed-forward layers"),
    "vocabulary_size": (30522, "rows of the token embedding"),
    "max_sequence_length": (512, "rows of the position embedding"),
    "num_heads": (None, "attention heads; by default one of 64 dimensions"),
    "num_tasks": (1, "tasks"),
    "num_classes": (2, "classes of each task"),
}
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
    first = argparse.ArgumentParser(prog=prog, add_help=False)
    first.add_argument("recipe", nargs="?", default="")
    name = first.parse_known_args(argv)[0].recipe
    parser = argparse.ArgumentParser(prog=prog, description=SUMMARY)
    parser.add_argument("recipe", help="a file of models/, or a path to yours")
    parser.add_argument("--json", action="store_true", help="print JSON")
    for size, (default, text) in _SIZES.items():
        parser.add_argument(
            f"--{size}", type=_positive, default=default, help=text
        )
    recipe = load_recipe(name) if name else None
    if recipe is not None:
        add_flags(parser, recipe.Config())
    flags = parser.parse_args(argv)
    method = recipe.method(from_flags(recipe.Config(), flags))
    counts = count_parameters(_model(flags, method))
    print(json.dumps(counts) if flags.json else _table(counts))


def _positive(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {text}")
    return int(text)


def _model(flags, method) -> MultiTaskClassifier:
    backbone = keras_nlp.models.BertBackbone(
        vocabulary_size=flags.vocabulary_size,
        num_layers=flags.num_layers,
        num_heads=flags.num_heads or max(flags.hidden_dim // 64, 1),
        hidden_dim=flags.hidden_dim,
        intermediate_dim=flags.intermediate_dim,
        max_sequence_length=flags.max_sequence_length,
    )
    labels = tuple(str(i) for i in range(flags.num_classes))
    kind = {"labels": labels}
    if flags.num_classes == 1:
        kind = {"value_range": (0.0, 1.0)}
    tasks = [
        Task(name=f"task{i}", text_columns=("text",), **kind)
        for i in range(flags.num_tasks)
    ]
    return MultiTaskClassifier(backbone, method, tasks)


def _table(counts: dict) -> str:
    lines = []
    for key, text in _ROWS:
        value = counts[key]
        shown = f"{value:,}" if isinstance(value, int) else f"{value:.4f}"
        lines.append(f"{key:<18}{shown:>14}  {text}")
    return "\n".join(lines)

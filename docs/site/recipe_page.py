"""The table of all recipes, and what each says of itself."""

import dataclasses
import inspect
import math
import pathlib
import re

import keras_nlp

import tf_adapters
from tf_adapters.runs.recipe import load_recipe

_INTRODUCTION = """\
---
hide: [toc]
---

# Recipes

A recipe is a file of `models/`: a method, and the settings that
`python train.py RECIPE` trains it with; `--help` lists all of them. The weights
are counted on BERT-base, which has 109,482,240, without heads: those that are
trained for one task, in percent of BERT too, and those that each further task
adds. The settings are those of the method, then those of training that are not
the same for all. `tf-adapters params RECIPE` counts them for other sizes.
"""
_COLUMNS = ("recipe", "paper", "settings", "one task", "%", "a further task")
_PAPER = re.compile(
    r"^(?P<authors>\w.*?), (?:section .*, )?(?P<url>https://\S+?),?( |$)", re.M
)
_SHARED = {
    f.name: f.default for f in dataclasses.fields(tf_adapters.TrainConfig)
}


def page(folder):
    """Writes the page.

    Args:
        folder: path of `models/`.

    Returns:
        str, Markdown.
    """
    names = sorted(path.stem for path in folder.glob("[!_]*.py"))
    # BERT-base, whose layers every model takes over in turn.
    backbone = keras_nlp.models.BertBackbone(30522, 12, 12, 768, 3072)
    rows, sections = [], []
    for name in names:
        recipe = load_recipe(name)
        about = inspect.cleandoc(recipe.__doc__)
        paper = _PAPER.search(about)
        config = recipe.Config()
        cells = [
            f"[{name}](#{name})",
            f"[{paper['authors']}]({paper['url']})",
            _settings(config),
            *_counts(backbone, recipe.method(config)),
        ]
        rows.append(_row(cells))
        # What a line of a command was continued with.
        about = re.sub(r"(?<=\S) {2,}", " ", about)
        sections.append(f"## `{name}` {{ #{name} }}\n\n{about}\n")
    head = [_row(_COLUMNS), _row(["---"] * 3 + ["---:"] * 3)]
    return "\n".join([_INTRODUCTION, *head, *rows, "", *sections])


def _row(cells):
    return f"| {' | '.join(cells)} |"


def _settings(config):
    """Those of the method, and those of training that are its own."""
    found = [[], []]
    for name, value in dataclasses.asdict(config).items():
        is_shared = name in _SHARED
        if not is_shared or value != _SHARED[name]:
            value = " ".join(value) if isinstance(value, tuple) else value
            found[is_shared].append(f"{name} {value}")
    return "; ".join(", ".join(part) for part in found if part)


def _counts(backbone, method):
    task = tf_adapters.GLUE_TASKS["rte"]
    model = tf_adapters.MultiTaskClassifier(backbone, method, [task])
    counts = tf_adapters.count_parameters(model)
    sizes = [math.prod(weight.shape) for weight in model.trainable_weights]
    trained = sum(sizes) - counts["heads"]
    further = counts["per_task"]
    if method.layer_norms.startswith("private"):
        further += counts["layer_norms"]
    percent = 100 * trained / counts["backbone"]
    return f"{trained:,}", f"{percent:.3g}", f"{further:,}"


if __name__ == "__main__":
    print(page(pathlib.Path(__file__).parent.parent.parent / "models"))

"""Which runs make a row, and what the row is called."""

import collections
import json
import shlex
from collections.abc import Iterable
from typing import Any

from tf_adapters.comparison.finished_run import FinishedRun
from tf_adapters.comparison.row import Part
from tf_adapters.comparison.row import Row
from tf_adapters.comparison.spread import spread_of
from tf_adapters.runs.flags import as_flags

_ALONE = ("one task each",)


def make_rows(runs: list[FinishedRun], best: bool = False) -> list[Row]:
    """Puts runs together that differ by their seed only.

    Runs of one task each, of the same settings, make one row.

    Args:
        runs: the runs.
        best: whether a recipe has one row, of the settings with the best mean
            score of those tried; runs of one task each one for each task.

    Returns:
        The rows, those of one recipe beside one another.
    """
    found: dict[str, dict[tuple, list[Part]]] = {}
    for part in _parts(runs):
        first = part[0]
        settings = "" if best else _text(first.settings)
        key = (_trained_on(part), settings)
        rows = found.setdefault(first.source, {})
        rows.setdefault(key, []).append(part)
    names = _names(runs)
    return [
        row
        for source, groups in found.items()
        for row in _rows(names[source], groups.values(), best)
    ]


def varied(settings: Iterable[dict[str, Any]]) -> list[str]:
    """Returns the names of the settings that are not the same in all."""
    settings = list(settings)
    names = dict.fromkeys(name for own in settings for name in own)
    return [
        name
        for name in names
        if len({json.dumps(own.get(name)) for own in settings}) > 1
    ]


def _names(runs: list[FinishedRun]) -> dict[str, str]:
    """Returns what the recipe of each source is called."""
    recipes = {run.source: run.recipe for run in runs}
    count = collections.Counter(recipes.values())
    return {
        source: recipe if count[recipe] == 1 else source
        for source, recipe in recipes.items()
    }


def _parts(runs: list[FinishedRun]) -> list[Part]:
    found: dict[tuple, list[FinishedRun]] = {}
    for run in runs:
        key = (run.source, run.dev_sets, _text(run.settings))
        found.setdefault(key, []).append(run)
    return [
        tuple(sorted(part, key=lambda run: run.seed)) for part in found.values()
    ]


def _text(settings: dict[str, Any]) -> str:
    return json.dumps(settings, sort_keys=True)


def _trained_on(part: Part) -> tuple[str, ...]:
    return part[0].tasks if len(part[0].tasks) > 1 else _ALONE


def _rows(recipe: str, groups: Iterable[list[Part]], best: bool) -> list[Row]:
    """Makes the rows of one recipe, named by what tells them apart."""
    groups = [tuple(group) for group in groups]
    together = {_trained_on(group[0]) for group in groups}
    settings = [group[0][0].settings for group in groups]
    different = [] if best else varied(settings)
    rows = []
    for group, own in zip(groups, settings, strict=True):
        flags = as_flags({k: own[k] for k in different if k in own})
        name = shlex.join([recipe, *flags])
        if len(together) > 1:
            name += f", {' '.join(_trained_on(group[0]))}"
        parts = _best_of_each(group) if best else group
        rows.append(Row(name, parts, group))
    return rows


def _best_of_each(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Returns the part with the best mean score for each set of tasks."""
    best: dict[tuple[str, ...], Part] = {}
    for part in sorted(parts, key=_rank):
        best[part[0].dev_sets] = part
    return tuple(best.values())


def _rank(part: Part) -> float:
    scores = Row("", (part,), ()).mean_scores(part[0].dev_sets)
    return spread_of(scores).rank

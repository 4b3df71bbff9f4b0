"""Tells data apart that have the same name."""

import dataclasses
import math

from tf_adapters.comparison.finished_run import FinishedRun

Scores = dict[str, float]


def tell_apart(
    runs: list[FinishedRun],
) -> tuple[list[FinishedRun], dict[str, str]]:
    """Gives a task another name where it was scored on other data.

    Wherever the files lie, the score of the constant guess tells dev sets
    apart; of runs on some of the examples it is left aside, since these were
    drawn.

    Args:
        runs: the runs.

    Returns:
        Tuple of the runs, the tasks of which are called `cola`, `cola [2]` and
        so on, and of a dict from each new name to the first run that has it.
    """
    known: dict[str, list[tuple[set[str], Scores | None]]] = {}
    new_names: dict[str, str] = {}
    told = []
    # What can be told apart first, for what cannot to be taken for.
    for run in sorted(runs, key=lambda run: run.majority is None):
        names = {}
        for task, scores in run.scores.items():
            guess = run.majority and run.majority[task]
            variants = known.setdefault(task, [])
            index = _index(variants, set(scores), guess)
            if index == len(variants):
                variants.append((set(scores), guess))
            names[task] = f"{task} [{index + 1}]" if index else task
            if index:
                new_names.setdefault(names[task], str(run.path))
        told.append(_renamed(run, names))
    order = [run.path for run in runs]
    return sorted(told, key=lambda run: order.index(run.path)), new_names


def _index(variants, metrics: set[str], guess: Scores | None) -> int:
    for i, (known_metrics, known_guess) in enumerate(variants):
        if metrics != known_metrics:
            continue
        if guess is None or known_guess is None or _same(guess, known_guess):
            return i
    return len(variants)


def _same(one: Scores, other: Scores) -> bool:
    return one.keys() == other.keys() and all(
        math.isclose(one[k], other[k], abs_tol=1e-9) for k in one
    )


def _renamed(run: FinishedRun, names: dict[str, str]) -> FinishedRun:
    tasks = tuple(names.get(task, task) for task in run.tasks)
    scores = {names[task]: own for task, own in run.scores.items()}
    majority = run.majority and {names[k]: v for k, v in run.majority.items()}
    return dataclasses.replace(
        run, tasks=tasks, scores=scores, majority=majority
    )

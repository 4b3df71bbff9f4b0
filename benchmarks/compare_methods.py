"""Methods beside one another: what they score, train, store and take.

    python benchmarks/compare_methods.py runs/sweep/*/ --plot trade_off.png

Prints one row of a Markdown table for each recipe among the run directories:

- Runs that differ in their seed only are averaged: mean and sample deviation.
- Of the settings of a recipe that were tried, the row holds those with the best
  mean score, and the last column says which these are, of which. They are
  chosen by the dev scores that the row shows.
- Runs of one task each make one row, of the best settings for each task. If the
  recipe has runs of all tasks too, these make a row of their own. The deviation
  of the mean takes the tasks for independent.
- Trained: all trainable weights, heads and LayerNorms too, in percent of the
  backbone, over the number of tasks. Tasks divide what they share.
- Bundle: bytes over the number of tasks. What bundles share is counted once.
"""

import argparse
import math
import pathlib
import statistics

import run_directories
from method_rows import figure
from method_rows import find
from method_rows import make_rows
from run_directories import Run

_ALWAYS_SHOWN = ("learning_rate", "num_epochs")


def points(value, spread):
    """Returns a fraction in points of 100, with its deviation."""
    text = f"{100 * value:.1f}"
    return text if spread is None else f"{text} ± {100 * spread:.1f}"


def settings(row):
    """Returns the settings of a row, and what else was tried."""
    keys = dict.fromkeys(_ALWAYS_SHOWN)
    for group in row.tried:
        keys.update(dict.fromkeys(group[0].settings))
    texts = []
    for key in keys:
        values = {_text(group[0].settings.get(key)) for group in row.tried}
        if key == "tasks" or len(values) < 2 and key not in _ALWAYS_SHOWN:
            continue
        chosen = _by_task(row, lambda part, k=key: part[0].settings.get(k))
        tried = f" of {', '.join(sorted(values, key=_size))}"
        texts.append(f"{key} {chosen}{tried if len(values) > 1 else ''}")
    seeds = _by_task(row, lambda p: sorted(run.config["seed"] for run in p))
    return "; ".join([*texts, f"seeds {seeds}"])


def _by_task(row, value):
    found = {}
    for part in row.parts:
        found.setdefault(_text(value(part)), []).extend(part[0].tasks)
    if len(found) == 1:
        return next(iter(found))
    return ", ".join(f"{k} ({' '.join(v)})" for k, v in found.items())


def _text(value):
    if isinstance(value, list):
        return " ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _size(text):
    try:
        return float(text), ""
    except ValueError:
        return math.inf, text


def cells(row, tasks, metrics, reference):
    """Returns the cells of a row, as texts."""
    found = [row.name]
    owners = {task: part for part in row.parts for task in part[0].tasks}
    for task in tasks:
        own = [
            points(*figure(owners[task], "dev", task, metric))
            for metric in (metrics[task] if task in owners else ())
        ]
        found.append(" / ".join(own) or "-")
    mean, whole = row.mean(tasks), reference.mean(tasks)
    found.append(points(*mean) if mean else "-")
    found.append(f"{100 * mean[0] / whole[0]:.1f}" if mean and whole else "-")
    size = row.per_task(Run.bundle_bytes)
    found.append(f"{row.trained:.3g}")
    found.append("-" if size is None else f"{size:,.0f}")
    return [*found, _seconds(row), settings(row)]


def _seconds(row):
    """Returns the mean over the tasks, or a dash if a run was too short."""
    times = [
        [run.metrics["seconds_per_step"] for run in part] for part in row.parts
    ]
    if any(None in part for part in times):
        return "-"
    return f"{statistics.mean(map(statistics.mean, times)):.2f}"


def table(tasks, rows, reference):
    """Returns the Markdown table."""
    runs = [run for row in rows for part in row.parts for run in part]
    metrics = {k: list(v) for r in runs for k, v in r.metrics["dev"].items()}
    heads = [f"{task} ({' / '.join(metrics[task])})" for task in tasks]
    heads = ["method", *heads, "mean", f"% of {reference.name}"]
    heads += ["trained per task, %", "bundle, bytes", "s/step", "settings"]
    lines = [heads, ["---"] * len(heads)]
    lines += [cells(row, tasks, metrics, reference) for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main():
    """Prints the table and saves the plot."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run_dirs", nargs="+", type=pathlib.Path)
    parser.add_argument("--reference", default="full_fine_tuning")
    parser.add_argument("--plot", default="", metavar="FILE.png")
    args = parser.parse_args()
    if args.plot:
        try:
            from trade_off import save_plot
        except ModuleNotFoundError:
            parser.error("`--plot` needs matplotlib: pip install -e '.[bench]'")
    try:
        runs = [run_directories.read(path) for path in args.run_dirs]
        tasks, rows = make_rows(runs)
        reference = find(rows, args.reference)
    except ValueError as error:
        parser.error(str(error))
    print(table(tasks, rows, reference))
    if args.plot:
        save_plot(args.plot, tasks, rows, reference)


if __name__ == "__main__":
    main()

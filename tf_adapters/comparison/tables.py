"""A comparison as tables for people: on a terminal, and as Markdown."""

import dataclasses
import io
import math
import sys

import rich.box
import rich.console
import rich.table
import rich.text

from tf_adapters.comparison.comparison import Comparison
from tf_adapters.comparison.grouping import varied
from tf_adapters.comparison.row import Row
from tf_adapters.comparison.spread import Spread

_NONE = "-"
# Where no terminal says how wide it is.
_WIDTH = 240


@dataclasses.dataclass(frozen=True)
class _Table:
    """Cells are lists of lines; the first row is the head."""

    title: str
    cells: list[list[list[str]]]


def to_markdown(comparison: Comparison) -> str:
    """Returns the scores and the differences, in points of 100.

    Args:
        comparison: a `Comparison`.
    """
    return "\n\n".join(map(_markdown, _tables(comparison)))


def to_terminal(comparison: Comparison) -> str:
    """Returns the same for a terminal, as wide as the one that prints.

    Args:
        comparison: a `Comparison`.
    """
    has_terminal = sys.stdout.isatty()
    file = io.StringIO()
    console = rich.console.Console(
        file=file,
        width=None if has_terminal else _WIDTH,
        force_terminal=has_terminal,
    )
    for found in _tables(comparison):
        table = rich.table.Table(
            title=found.title, title_justify="left", box=rich.box.SIMPLE_HEAD
        )
        for i, lines in enumerate(found.cells[0]):
            table.add_column(
                rich.text.Text("\n".join(lines)),
                justify="right" if i else "left",
                overflow="fold",
            )
        for row in found.cells[1:]:
            table.add_row(*(rich.text.Text("\n".join(cell)) for cell in row))
        console.print(table)
    lines = [line.rstrip() for line in file.getvalue().splitlines()]
    return "\n".join(lines).strip("\n")


def _markdown(table: _Table) -> str:
    head, *rows = table.cells
    texts = [[_with_metrics(lines) for lines in head], ["---"] * len(head)]
    texts += [[" / ".join(cell) for cell in row] for row in rows]
    lines = [f"| {' | '.join(cells)} |" for cells in texts]
    return "\n".join([f"{table.title}:", "", *lines])


def _with_metrics(lines: list[str]) -> str:
    name, *metrics = lines
    return f"{name} ({' / '.join(metrics)})" if metrics else name


def _tables(comparison: Comparison) -> list[_Table]:
    head = [["method"]]
    for task, metrics in comparison.metrics.items():
        head.append([task, *metrics])
    # The mean of one task says no more.
    has_mean = len(comparison.tasks) > 1
    head += [["mean"]] * has_mean
    tables = [_scores(comparison, head, has_mean)]
    if len(comparison.rows) > 1:
        tables.append(_differences(comparison, head, has_mean))
    return tables


def _scores(comparison, head, has_mean) -> _Table:
    costs = ["trained per task, %", "bundle, bytes", "s/step"]
    costs += ["learning rate", "epochs", "seeds"]
    chosen = any(len(row.tried) > len(row.parts) for row in comparison.rows)
    costs += ["best of"] * chosen
    cells = [[*head, *([cost] for cost in costs)]]
    for row in comparison.rows:
        own = [[row.name], *_score_cells(comparison, row)]
        own += [[_points(comparison.mean(row))]] * has_mean
        own += [[text] for text in _costs(row)]
        own += [[_tried(row)]] * chosen
        cells.append(own)
    return _Table("Dev scores in points of 100", cells)


def _score_cells(comparison, row) -> list[list[str]]:
    return [
        [_points(comparison.task(row, task, metric)) for metric in metrics]
        if task in row.tasks
        else [_NONE]
        for task, metrics in comparison.metrics.items()
    ]


def _differences(comparison, head, has_mean) -> _Table:
    reference = comparison.reference
    cells = [[*head, ["seeds of both"]]]
    for row in comparison.rows:
        if row is reference:
            continue
        own = [[row.name]]
        seeds: set[int] = set()
        for task, metrics in comparison.metrics.items():
            found = [
                comparison.task_difference(row, task, metric)
                for metric in metrics
            ]
            has_some = any(spread is not None for spread in found)
            own.append(
                [_signed(spread) for spread in found] if has_some else [_NONE]
            )
            seeds.update(*(spread.seeds for spread in found if spread))
        if has_mean:
            own.append([_signed(comparison.mean_difference(row))])
        own.append([" ".join(map(str, sorted(seeds))) or _NONE])
        cells.append(own)
    return _Table(f"More than {reference.name}, seed by seed", cells)


def _points(spread: Spread | None, sign: str = "") -> str:
    if spread is None:
        return _NONE
    text = f"{100 * spread.mean:{sign}.1f}"
    if spread.deviation is None:
        return text
    return f"{text} ± {100 * spread.deviation:.1f}"


def _signed(spread: Spread | None) -> str:
    return _points(spread, "+")


def _costs(row: Row) -> list[str]:
    size, seconds = row.bundle_bytes, row.seconds_per_step
    settings = ("learning_rate", "num_epochs")
    return [
        f"{row.trained_percent:.3g}",
        _NONE if size is None else f"{size:,.0f}",
        _NONE if seconds is None else f"{seconds:.2f}",
        *(_by_task(row, lambda p, k=k: p[0].settings.get(k)) for k in settings),
        _by_task(row, lambda part: sorted({run.seed for run in part})),
    ]


def _tried(row: Row) -> str:
    """Says which settings were chosen, of which."""
    texts = []
    for name in varied(part[0].settings for part in row.tried):
        values = {_text(part[0].settings.get(name)) for part in row.tried}
        chosen = _by_task(row, lambda p, k=name: p[0].settings.get(k))
        among = ", ".join(sorted(values, key=_size))
        texts.append(f"{name} {chosen} of {among}")
    return "; ".join(texts) or _NONE


def _by_task(row: Row, value) -> str:
    found: dict[str, list[str]] = {}
    for part in row.parts:
        found.setdefault(_text(value(part)), []).extend(part[0].tasks)
    if len(found) == 1:
        return next(iter(found))
    return ", ".join(f"{k} ({' '.join(v)})" for k, v in found.items())


def _text(value) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _size(text: str) -> tuple[float, str]:
    try:
        return float(text), ""
    except ValueError:
        return math.inf, text

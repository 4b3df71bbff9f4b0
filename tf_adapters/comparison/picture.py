"""What methods score against what they train, as a picture."""

import io
import itertools

from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from tf_adapters import storage
from tf_adapters.comparison.comparison import FULL
from tf_adapters.comparison.comparison import Comparison
from tf_adapters.comparison.row import Row
from tf_adapters.comparison.spread import Spread

# Okabe and Ito's, told apart with any kind of colour vision; black is that of
# the lines.
_COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
)
_MARKERS = "osD^vP*X"
_LINES = ("--", ":", "-.", (0, (8, 3)))
_PANELS_IN_A_ROW = 3
# Of the legend, with what stands beside a name.
_INCHES_A_LETTER = 0.085


def make_figure(comparison: Comparison) -> Figure:
    """Draws a panel for each task, and one for the mean of several.

    Args:
        comparison: a `Comparison`.

    Returns:
        A matplotlib `Figure`: a point for each row, with its deviation over
        seeds, and a line for each of full fine-tuning.
    """
    panels = list(comparison.tasks)
    if len(panels) > 1 and any(map(comparison.mean, comparison.rows)):
        panels.append("")
    columns = min(len(panels), _PANELS_IN_A_ROW)
    lines = -(-len(panels) // columns)
    longest = max(len(row.name) for row in comparison.rows)
    width = max(3.6 * columns, 5.5, _INCHES_A_LETTER * (longest + 8))
    size = (width, 3.2 * lines + 1.2)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(lines, columns, sharex=True, squeeze=False)
    for axes, task in itertools.zip_longest(grid.flat, panels):
        if task is None:
            axes.remove()
        else:
            _draw_panel(axes, comparison, task)
    _label_columns(grid, len(panels))
    _label_ticks(figure, comparison)
    _add_legend(figure, int(width / _INCHES_A_LETTER // (longest + 8)))
    return figure


def save_picture(path: str, comparison: Comparison) -> None:
    """Saves the figure, in the format that the name of the file ends with.

    Args:
        path: where to, such as `trade_off.png`.
        comparison: a `Comparison`.

    Raises:
        ValueError: if there is no such format.
    """
    target, picture = storage.as_path(path), io.BytesIO()
    suffix = target.suffix.removeprefix(".")
    make_figure(comparison).savefig(picture, format=suffix or "png", dpi=110)
    storage.write_whole(target, picture.getvalue())


def _draw_panel(axes, comparison: Comparison, task: str) -> None:
    colours, markers = itertools.cycle(_COLOURS), itertools.cycle(_MARKERS)
    styles = itertools.cycle(_LINES)
    for row in comparison.rows:
        score = comparison.task(row, task) if task else comparison.mean(row)
        if row.recipe == FULL:
            style = next(styles)
            if score is not None:
                _draw_line(axes, row, score, style)
            continue
        look = {"color": next(colours), "marker": next(markers)}
        if score is not None:
            axes.errorbar(
                row.trained_percent,
                100 * score.mean,
                yerr=100 * (score.deviation or 0) or None,
                linestyle="",
                capsize=3,
                label=row.name,
                **look,
            )
    axes.set_xscale("log")
    axes.margins(x=0.15, y=0.15)
    axes.grid(alpha=0.3)
    axes.set_title(_title(comparison, task))


def _draw_line(axes, row: Row, score: Spread, style) -> None:
    axes.axhline(
        100 * score.mean, color="black", linestyle=style, label=row.name
    )
    if score.deviation:
        low, high = (score.mean + s * score.deviation for s in (-1, 1))
        axes.axhspan(100 * low, 100 * high, color="black", alpha=0.08, lw=0)


def _title(comparison: Comparison, task: str) -> str:
    if not task:
        return "mean of the tasks"
    metrics = comparison.metrics[task]
    of = "mean of " if len(metrics) > 1 else ""
    return f"{task} ({of}{', '.join(metrics)})"


def _label_columns(grid, count: int) -> None:
    columns = grid.shape[1]
    for i, axes in enumerate(grid.flat[:count]):
        # The lowest of its column, though panels may lack below it.
        if i + columns >= count:
            axes.set_xlabel("trained per task, % of the backbone")
            axes.tick_params(labelbottom=True)
        if i % columns == 0:
            axes.set_ylabel("dev score, points")


def _label_ticks(figure: Figure, comparison: Comparison) -> None:
    shares = [
        row.trained_percent for row in comparison.rows if row.recipe != FULL
    ]
    is_narrow = shares and max(shares) < 10 * min(shares)
    for axes in figure.axes:
        axes.xaxis.set_major_formatter("{x:g}")
        # Within a power of ten there may be no other label.
        axes.xaxis.set_minor_formatter(
            "{x:g}" if is_narrow else NullFormatter()
        )


def _add_legend(figure: Figure, columns: int) -> None:
    handles = {}
    for axes in figure.axes:
        for handle, label in zip(
            *axes.get_legend_handles_labels(), strict=True
        ):
            handles.setdefault(label, handle)
    figure.legend(
        handles.values(),
        handles.keys(),
        loc="outside lower center",
        ncols=max(1, min(len(handles), columns)),
    )

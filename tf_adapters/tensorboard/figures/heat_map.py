"""A table of numbers as colours."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from tf_adapters.tensorboard.figures.drawing import DIVERGING
from tf_adapters.tensorboard.figures.drawing import SEQUENTIAL
from tf_adapters.tensorboard.figures.drawing import new_figure

# More numbers than that a side cannot be read.
_WRITTEN = 12


def heat_map(
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    title: str,
    limits: tuple[float, float],
    labels: tuple[str, str] = ("", ""),
    form: str = "{:.2f}",
    written: np.ndarray | None = None,
) -> Figure:
    """Draws a heat map.

    Args:
        values: float array of shape `(num_rows, num_columns)`.
        rows, columns: their names.
        title: str.
        limits: the values of the two ends of the colours. If the first is
            below zero, the colours part at zero.
        labels: what rows and columns are. Defaults to nothing.
        form: how a number is written. Defaults to two decimals.
        written: what is written into the cells, where it is not `values`.

    Returns:
        A `Figure`.
    """
    size = [1.8 + 0.62 * len(columns), 1.5 + 0.5 * len(rows)]
    # Room for the title, whose letters are about so wide.
    width = max(size[0], 0.09 * max(map(len, title.split("\n"))) + 0.6)
    figure = new_figure(min(max(width, 4.2), 12), min(max(size[1], 3), 10))
    axes = figure.subplots()
    colours = DIVERGING if limits[0] < 0 else SEQUENTIAL
    drawn = axes.imshow(values, colours, vmin=limits[0], vmax=limits[1])
    figure.colorbar(drawn, ax=axes, shrink=0.8)
    rotation = 0 if max(map(len, columns)) <= 6 else 45
    axes.set_xticks(
        range(len(columns)),
        columns,
        rotation=rotation,
        ha="right" if rotation else "center",
        rotation_mode="anchor" if rotation else "default",
    )
    axes.set_yticks(range(len(rows)), rows)
    axes.set_ylabel(labels[0])
    axes.set_xlabel(labels[1])
    axes.set_title(title, fontsize=11)
    if max(values.shape) <= _WRITTEN:
        _write(axes, drawn, values if written is None else written, form)
    return figure


def _write(axes, drawn, numbers, form: str) -> None:
    for (row, column), number in np.ndenumerate(numbers):
        if not np.isfinite(number):
            continue
        red, green, blue, _ = drawn.to_rgba(drawn.get_array()[row, column])
        is_light = 0.299 * red + 0.587 * green + 0.114 * blue > 0.5
        axes.text(
            column,
            row,
            form.format(number),
            ha="center",
            va="center",
            fontsize=9,
            color="black" if is_light else "white",
        )

"""What was predicted, beside what is right."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from tf_adapters.tensorboard.figures.drawing import new_figure
from tf_adapters.tensorboard.figures.heat_map import heat_map


def confusion(
    labels: np.ndarray, predicted: np.ndarray, names: Sequence[str], title: str
) -> Figure:
    """Draws a confusion matrix: shares of a row as colours, counts written.

    Args:
        labels, predicted: int arrays of shape `(num_examples,)`.
        names: those of the classes.
        title: str.

    Returns:
        A `Figure`.
    """
    counts = confusion_counts(labels, predicted, len(names))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return heat_map(
        shares,
        names,
        names,
        title,
        (0.0, 1.0),
        labels=("right", "predicted"),
        form="{:d}",
        written=counts,
    )


def confusion_counts(labels, predicted, num_classes: int) -> np.ndarray:
    """Counts the examples of each class, right by rows, predicted by columns.

    Args:
        labels, predicted: int arrays of shape `(num_examples,)`.
        num_classes: int.

    Returns:
        int array of shape `(num_classes, num_classes)`.
    """
    counts = np.zeros((num_classes, num_classes), int)
    np.add.at(counts, (labels, predicted), 1)
    return counts


def scatter(
    labels: np.ndarray,
    predicted: np.ndarray,
    value_range: tuple[float, float],
    title: str,
) -> Figure:
    """Draws predicted values over right ones; a perfect model is the line.

    Args:
        labels, predicted: float arrays of shape `(num_examples,)`.
        value_range: lowest and highest value.
        title: str.

    Returns:
        A `Figure`.
    """
    figure = new_figure(4.6, 4.2)
    axes = figure.subplots()
    axes.plot(value_range, value_range, color="0.6", linewidth=1)
    axes.scatter(labels, predicted, s=18, alpha=0.5, color="#0072b2")
    axes.set_xlabel("right")
    axes.set_ylabel("predicted")
    axes.set_title(title, fontsize=11)
    axes.set_aspect("equal")
    return figure

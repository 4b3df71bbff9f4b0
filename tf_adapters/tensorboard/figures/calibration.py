"""Whether a model is right as often as it says."""

import numpy as np
from matplotlib.figure import Figure

from tf_adapters.tensorboard.figures.drawing import new_figure

_BINS = 10


def calibration(
    probabilities: np.ndarray, labels: np.ndarray, title: str
) -> Figure:
    """Draws a reliability diagram, and how many examples each bar is of.

    Args:
        probabilities: float array of shape `(num_examples, num_classes)`.
        labels: int array of shape `(num_examples,)`.
        title: str, to which the calibration error is added.

    Returns:
        A `Figure`.
    """
    counts, confidence, accuracy = bins(probabilities, labels)
    error = calibration_error(counts, confidence, accuracy)
    figure = new_figure(4.6, 4.6)
    above, below = figure.subplots(
        2, sharex=True, gridspec_kw={"height_ratios": [3, 1]}
    )
    centres = (np.arange(_BINS) + 0.5) / _BINS
    above.bar(
        centres, accuracy, 0.9 / _BINS, color="#0072b2", label="right answers"
    )
    above.plot([0, 1], [0, 1], color="#d55e00", label="perfect", linewidth=1.5)
    above.set_ylabel("share of right answers")
    above.set_ylim(0, 1)
    above.legend(loc="upper left", fontsize=9)
    above.set_title(f"{title}\ncalibration error {error:.3f}", fontsize=11)
    below.bar(centres, counts, 0.9 / _BINS, color="0.5")
    below.set_ylabel("examples")
    below.set_xlabel("probability of the answer")
    below.set_xlim(0, 1)
    return figure


def bins(probabilities: np.ndarray, labels: np.ndarray):
    """Sorts answers into ten bins of equal width by their probability.

    Args:
        probabilities, labels: as for `calibration`.

    Returns:
        Tuple of three arrays of one number a bin: how many answers there are,
        the mean of their probabilities, and the share that is right. The last
        two are NaN in an empty bin.
    """
    highest = probabilities.max(axis=1)
    is_right = probabilities.argmax(axis=1) == labels
    own = np.minimum((highest * _BINS).astype(int), _BINS - 1)
    counts = np.bincount(own, minlength=_BINS)
    # An empty bin has no mean.
    some = np.where(counts, counts, np.nan)
    confidence = np.bincount(own, highest, _BINS) / some
    return counts, confidence, np.bincount(own, is_right, _BINS) / some


def calibration_error(counts, confidence, accuracy) -> float:
    """Returns the expected calibration error of what `bins` returned.

    The mean over all answers of how far confidence and accuracy of their bin
    are apart (Guo et al., 2017).
    """
    apart = np.nan_to_num(np.abs(confidence - accuracy))
    return float((counts * apart).sum() / counts.sum())

"""The numbers behind the pictures, by hand, and that there is a picture."""

import struct

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the pictures need matplotlib")

from tf_adapters.tensorboard.figures import attention_map
from tf_adapters.tensorboard.figures import calibration
from tf_adapters.tensorboard.figures import predictions
from tf_adapters.tensorboard.figures.drawing import image
from tf_adapters.tensorboard.figures.heat_map import heat_map

# Five answers: the probability of the first class, and whether it is right.
PROBABILITIES = np.array([0.95, 0.91, 0.65, 0.62, 1.0])
PROBABILITIES = np.stack([PROBABILITIES, 1 - PROBABILITIES], axis=1)
LABELS = np.array([0, 1, 0, 0, 0])


def test_answers_are_counted_by_their_probability():
    counts, confidence, accuracy = calibration.bins(PROBABILITIES, LABELS)
    # 0.65 and 0.62 in the bin from 0.6, the others in that from 0.9.
    assert counts.tolist() == [0, 0, 0, 0, 0, 0, 2, 0, 0, 3]
    assert confidence[6] == pytest.approx((0.65 + 0.62) / 2)
    assert accuracy[6] == 1
    assert confidence[9] == pytest.approx((0.95 + 0.91 + 1) / 3)
    assert accuracy[9] == pytest.approx(2 / 3)
    assert np.isnan(accuracy[:6]).all()


def test_the_calibration_error_is_the_mean_over_answers():
    error = calibration.calibration_error(
        *calibration.bins(PROBABILITIES, LABELS)
    )
    # 2 answers that are 1 - 0.635 apart, 3 that are 2.86 / 3 - 2 / 3 apart.
    assert error == pytest.approx((2 * 0.365 + 3 * 0.86 / 3) / 5)


def test_a_model_that_is_as_sure_as_it_is_right_has_no_error():
    probabilities = np.tile([[0.75, 0.25]], (4, 1))
    bins = calibration.bins(probabilities, np.array([0, 0, 1, 0]))
    assert calibration.calibration_error(*bins) == 0


def test_right_labels_are_rows():
    counts = predictions.confusion_counts([0, 0, 1, 2], [0, 1, 1, 0], 3)
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


@pytest.mark.parametrize(
    "draw",
    [
        lambda: calibration.calibration(PROBABILITIES, LABELS, "title"),
        lambda: predictions.confusion(LABELS, LABELS, ("no", "yes"), "title"),
        lambda: predictions.scatter(LABELS, LABELS + 0.5, (0, 5), "title"),
        lambda: heat_map(
            np.full((2, 3), np.nan), ["a", "b"], list("cde"), "t", (-1, 1)
        ),
        lambda: attention_map.attention_map(
            {"first": np.eye(3), "last": np.ones((3, 3)) / 3},
            ["[CLS]", "good", "[SEP]"],
            "title",
        ),
    ],
    ids=["calibration", "confusion", "scatter", "empty", "attention"],
)
def test_a_figure_becomes_a_png_of_the_size_that_is_said(draw):
    (value,) = image("a/tag", draw(), "about").value
    assert value.tag == "a/tag"
    assert value.metadata.plugin_data.plugin_name == "images"
    width, height, png = value.tensor.string_val
    assert png.startswith(b"\x89PNG")
    assert struct.unpack(">II", png[16:24]) == (int(width), int(height))
    # Not all of it is blank.
    assert len(png) > 3000

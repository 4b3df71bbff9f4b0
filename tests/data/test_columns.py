import numpy as np
import pyarrow
import pytest

from tf_adapters.data.examples import Examples
from tf_adapters.data.task import Task

MOOD = Task(name="mood", text_columns=("text",), labels=("bad", "good"))
SCORE = Task(name="score", text_columns=("text",), value_range=(1, 5))
KINDS = [
    list,
    tuple,
    np.array,
    pyarrow.array,
    lambda values: pyarrow.chunked_array([values]),
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_is_of_any_kind(kind):
    examples = Examples(MOOD, (kind(["a", "b"]),), kind(["good", "bad"]))
    assert examples.texts == (["a", "b"],)
    assert examples.labels.dtype == "float32"
    assert examples.labels.tolist() == [1, 0]
    examples = Examples(SCORE, (kind(["a", "b"]),), kind([1.0, 4.5]))
    assert examples.labels.tolist() == [1, 4.5]


@pytest.mark.parametrize(
    "labels",
    [
        [1, 0],
        [1.0, 0.0],
        [True, False],
        list(np.array([1, 0])),
        list(np.array([1, 0], "float32")),
        list(np.array([True, False])),
    ],
    ids=repr,
)
def test_classes_are_given_by_index_as_well(labels):
    assert Examples(MOOD, (["a", "b"],), labels).labels.tolist() == [1, 0]


@pytest.mark.parametrize(
    "labels, message",
    [
        (["good", "god"], "Unknown label 'god' of task 'mood' in row 1. Did"),
        ([0, 2], "names or their indices, 0 to 1. Received: 2 in row 1"),
        ([0, -1], "Received: -1 in row 1. Names: bad, good"),
        ([0.5, 1], "Received: 0.5 in row 0"),
        ([0, float("nan")], "Received: nan in row 1"),
        ([None, 1], "Received: None in row 0"),
        (np.array([0, 3], "float32"), "Received: 3.0 in row 1"),
    ],
)
def test_a_label_that_the_task_does_not_have_is_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        Examples(MOOD, (["a", "b"],), labels)


@pytest.mark.parametrize("label", [0.5, 5.1, float("nan"), float("inf"), "3"])
def test_a_value_out_of_range_is_refused(label):
    message = f"numbers from 1.0 to 5.0. Received: {label!r} in row 1"
    with pytest.raises(ValueError, match=message):
        Examples(SCORE, (["a", "b"],), [3, label])


@pytest.mark.parametrize("text", [None, float("nan"), 3, b"bytes"])
def test_what_is_no_text_is_refused(text):
    message = "column 'text' of task 'mood' must hold text.*in row 1"
    with pytest.raises(ValueError, match=message):
        Examples(MOOD, (["a", text],), None)


def test_one_text_is_no_column():
    with pytest.raises(
        ValueError, match=r"Received: the text 'good'.*\[text\]"
    ):
        Examples(MOOD, ("good",), None)

import numpy as np
import pytest

from tf_adapters.data.examples import Examples
from tf_adapters.data.task import Task

PAIR = Task(name="pair", text_columns=("a", "b"), value_range=(0, 100))


@pytest.fixture
def examples():
    lefts = [f"left {i}" for i in range(30)]
    rights = [f"right {i}" for i in range(30)]
    return Examples(PAIR, (lefts, rights), np.arange(30, dtype="float32"))


def test_the_length_is_the_number_of_examples(examples):
    assert len(examples) == 30


def test_taking_keeps_texts_and_labels_together(examples):
    taken = examples.take(7, seed=3)
    assert len(taken) == 7
    assert taken.task is PAIR
    assert taken.labels.dtype == "float32"
    for left, right, label in zip(*taken.texts, taken.labels, strict=True):
        assert (left, right) == (f"left {label:.0f}", f"right {label:.0f}")


def test_taking_fewer_gives_the_beginning_of_taking_more(examples):
    few, more = examples.take(10, seed=0), examples.take(20, seed=0)
    assert few.texts[0] == more.texts[0][:10]
    np.testing.assert_array_equal(few.labels, more.labels[:10])


def test_taking_never_repeats_an_example(examples):
    assert len(set(examples.take(29, seed=1).texts[0])) == 29


def test_the_seed_chooses_the_examples(examples):
    first, second = examples.take(10, seed=0), examples.take(10, seed=1)
    assert first.texts != second.texts
    assert first.texts == examples.take(10, seed=0).texts


def test_taking_more_than_there_are_takes_all(examples):
    taken = examples.take(1000, seed=0)
    assert sorted(taken.labels) == list(range(30))
    assert taken.take(5, seed=0).texts != examples.texts


def test_taking_from_unlabelled_examples_leaves_them_unlabelled():
    unlabelled = Examples(PAIR, (["a", "b"], ["c", "d"]), None)
    assert unlabelled.take(1, seed=0).labels is None


@pytest.mark.parametrize("n", [0, -1])
def test_taking_nothing_is_refused(examples, n):
    with pytest.raises(ValueError, match=rf"at least 1.*Received: n={n}\."):
        examples.take(n, seed=0)


def test_a_missing_text_column_is_refused():
    with pytest.raises(ValueError, match=r"Received: 1 lists.*\('a', 'b'\)"):
        Examples(PAIR, (["x"],), None)


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match=r"Received: lengths \[1, 1, 2\]"):
        Examples(PAIR, (["x"], ["y"]), np.zeros(2, "float32"))

import pytest

from tf_adapters.data.sources.label_number import label_number
from tf_adapters.data.task import Task

CLASSES = Task(name="spam", text_columns=("text",), labels=("ham", "spam"))
SCORES = Task(name="score", text_columns=("text",), value_range=(-1, 5))


def test_a_class_becomes_its_index():
    assert label_number(CLASSES, "ham") == 0.0
    assert label_number(CLASSES, "spam") == 1.0


@pytest.mark.parametrize("text", ["-1", "5", "3.800", " 2e0 "])
def test_a_score_stays_in_its_own_units(text):
    assert label_number(SCORES, text) == float(text)


@pytest.mark.parametrize("label", ["spamm", "Spam", "spam "])
def test_an_unknown_class_is_refused_with_a_guess(label):
    message = rf"Unknown label '{label}' of task 'spam'\. Did you mean 'spam'\?"
    with pytest.raises(ValueError, match=message + r".*`label_values`"):
        label_number(CLASSES, label)


@pytest.mark.parametrize("text", ["", "high", "nan", "inf", "5.01", "-1.5"])
def test_what_is_no_score_in_range_is_refused(text):
    message = rf"a number from -1\.0 to 5\.0\. Received: '{text}'\."
    with pytest.raises(ValueError, match=message):
        label_number(SCORES, text)

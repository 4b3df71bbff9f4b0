import pytest

from tf_adapters.scoring.columns import Columns


def test_a_task_brings_its_own_columns(tasks):
    columns = Columns(task="same", key_columns=("id", "from")).of_model(tasks)
    assert columns.text_columns == ("from", "to")
    assert columns.required == ("id", "from", "to")
    assert columns.optional == ()


def test_rows_of_any_task_may_lack_the_second_text(tasks):
    columns = Columns(task_column="which").of_model(tasks)
    assert columns.required == ("which", "text")
    assert columns.optional == ("text_pair",)


def test_columns_may_be_called_otherwise(tasks):
    columns = Columns(text_columns=("a",)).of_model(tasks)
    assert columns.required == ("task", "a")
    columns = Columns(task="near", text_columns=("a", "b")).of_model(tasks)
    assert columns.required == ("a", "b")


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"task": "mod"}, "Did you mean 'mood'"),
        ({"task": "mood", "text_columns": ("a", "b")}, r"1 column\(s\)"),
        ({"task": "near", "text_columns": ("a",)}, r"2 column\(s\).*from and"),
        ({"text_columns": ("a", "b", "c")}, "that a row reads"),
        ({"text_columns": ("a", "a")}, "each once"),
    ],
)
def test_columns_that_do_not_fit_are_refused(tasks, arguments, message):
    with pytest.raises(ValueError, match=message):
        Columns(**arguments).of_model(tasks)

import pytest

from tf_adapters.data.sources.glue import GLUE_TASKS
from tf_adapters.data.task import Task
from tf_adapters.export.graph.input_names import input_names


@pytest.mark.parametrize(
    "columns, names",
    [
        (("sentence1", "sentence2"), ("sentence1", "sentence2")),
        (("#1 String", "#2 String"), ("text_1_string", "text_2_string")),
        (("Review Text",), ("review_text",)),
        (("from", "self"), ("text_from", "text_self")),
        (("größe",), ("gr_e",)),
        (("题目", "答案"), ("text", "text_2")),
        (("a b", "a-b"), ("a_b", "a_b_2")),
        (("_x", "x"), ("x", "x_2")),
    ],
)
def test_columns_become_names_that_can_be_passed(columns, names):
    task = Task(name="t", text_columns=columns, labels=("no", "yes"))
    assert input_names(task) == names


def test_every_glue_task_has_valid_and_distinct_names():
    for task in GLUE_TASKS.values():
        names = input_names(task)
        assert all(name.isidentifier() for name in names)
        assert len(set(names)) == len(task.text_columns)

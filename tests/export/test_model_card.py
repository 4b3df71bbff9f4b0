import types

import pytest

from tf_adapters.data.task import Task
from tf_adapters.export.model_card import FILE
from tf_adapters.export.model_card import write_model_card

TASKS = [
    Task(name="spam", text_columns=("a|b",), labels=("ham", "spam\nmail")),
    Task(name="price", text_columns=("x", "y"), value_range=(0.5, 5.0)),
]


def card(tmp_path, scores):
    encoder = types.SimpleNamespace(
        architecture={"backbone": {"class_name": "BertBackbone"}}
    )
    model = types.SimpleNamespace(
        tasks=TASKS, encoder=encoder, method="Houlsby(4)"
    )
    write_model_card(tmp_path, model, 64, scores)
    return (tmp_path / FILE).read_text().splitlines()


def test_each_task_has_a_row(tmp_path):
    lines = card(tmp_path, {"price": {"pearson": 0.8125, "spearman": 0.5}})
    assert lines[0] == "# 2 tasks on one BertBackbone"
    # A bar or a new line in a name would break the table.
    assert "| spam | a\\|b | ham, spam mail | - |" in lines
    numbers = "pearson 0.812, spearman 0.500"
    assert f"| price | x, y | 0.5 to 5 | {numbers} |" in lines
    assert any("64 tokens" in line for line in lines)


@pytest.mark.large
def test_an_export_has_one(folder):
    text = (folder / FILE).read_text()
    assert "# 3 tasks on one BertBackbone" in text
    assert "| mrpc | #1 String, #2 String | different, same, unsure |" in text

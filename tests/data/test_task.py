import json

import pytest

from tf_adapters.data.task import METRICS
from tf_adapters.data.task import Task

CLASSES = {"text_columns": ("text",), "labels": ("no", "yes")}
SCORES = {"text_columns": ("a", "b"), "value_range": (0, 5)}


def test_a_classification_has_an_output_per_label():
    task = Task(name="spam", text_columns=("text",), labels=("a", "b", "c"))
    assert task.num_outputs == 3
    assert not task.is_regression
    assert not task.is_pair
    assert task.metrics == ("accuracy",)


def test_a_regression_has_one_output():
    task = Task(name="score", **SCORES)
    assert task.num_outputs == 1
    assert task.is_regression
    assert task.is_pair
    assert task.metrics == ("pearson", "spearman")
    assert task.value_range == (0.0, 5.0)


@pytest.mark.parametrize("fields", [CLASSES, SCORES], ids=["class", "score"])
def test_a_config_survives_json(fields):
    task = Task(name="t-1_x", **fields)
    config = json.loads(json.dumps(task.get_config()))
    assert Task.from_config(config) == task
    assert Task.from_config(config).get_config() == config


def test_a_config_names_every_field():
    assert Task(name="score", **SCORES).get_config() == {
        "name": "score",
        "text_columns": ["a", "b"],
        "labels": [],
        "value_range": [0.0, 5.0],
        "metrics": ["pearson", "spearman"],
    }


def test_a_task_can_be_a_dictionary_key():
    task = Task(name="spam", text_columns=["text"], labels=["no", "yes"])
    assert {task: 1}[Task(name="spam", **CLASSES)] == 1


def test_a_config_with_an_unknown_key_is_refused():
    message = r"Unknown key 'label' in the config.*Did you mean 'labels'\?"
    with pytest.raises(ValueError, match=message):
        Task.from_config({"name": "t", "label": ["a"]})


def test_a_config_without_text_columns_is_refused():
    with pytest.raises(ValueError, match=r"Add: text_columns\."):
        Task.from_config({"name": "t", "labels": ["a", "b"]})


@pytest.mark.parametrize(
    "name, message",
    [
        ("My Task", r"Received: name='My Task'\. Write.*name='my_task'"),
        ("_task", r"Received: name='_task'\. Write.*name='task'"),
        ("täsk", r"Write.*name='t_sk'"),
        ("Ä", r"Write.*name='task'"),
        ("task\n", r"Write.*name='task_'"),
        ("", r"Received: name=''\. Write a string"),
        (True, r"Received: name=True\. Write a string"),
        ("serving_default", r"keeps for itself.*'my_serving_default'"),
        ("token_ids", r"keeps for itself.*'my_token_ids'"),
    ],
)
def test_names_that_cannot_be_signatures_are_refused(name, message):
    with pytest.raises(ValueError, match=message):
        Task(name=name, **CLASSES)


@pytest.mark.parametrize(
    "fields, message",
    [
        (
            {"text_columns": "text"},
            r"must be a tuple.*Write text_columns=\('text',\)\.",
        ),
        ({"text_columns": None}, r"Received: text_columns=None"),
        ({"text_columns": ()}, r"one or two columns.*text_columns=\(\)"),
        ({"text_columns": ("a", "b", "c")}, r"one or two columns"),
        ({"text_columns": ("a", "a")}, r"every name once.*Remove one 'a'"),
        ({"labels": ("a",)}, r"at least two classes.*labels=\('a',\)"),
        ({"labels": ("a", "b", "a")}, r"every name once.*Remove one 'a'"),
        ({"labels": ("a", "")}, r"not empty.*in place of ''"),
        ({"labels": (0, 1)}, r"must hold strings.*in place of 0"),
        ({"labels": ()}, r"Received: labels=\(\), value_range=None\. Give ex"),
        ({"value_range": (0, 1)}, r"not both.*value_range=\(0\.0, 1\.0\)"),
    ],
)
def test_fields_that_do_not_describe_a_task_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Task(name="t", **{**CLASSES, **fields})


@pytest.mark.parametrize(
    "value_range",
    [(5, 0), (1, 1), (0,), (0, 1, 2), 5, ("a", "b"), (0, float("inf"))],
)
def test_ranges_that_do_not_ascend_are_refused(value_range):
    with pytest.raises(ValueError, match=r"both finite\. Received: value_ra"):
        Task(name="t", text_columns=("a",), value_range=value_range)


@pytest.mark.parametrize(
    "fields, metrics, message",
    [
        (CLASSES, ("acuracy",), r"Did you mean 'accuracy'\? Known metrics: "),
        (CLASSES, ("pearson",), r"fit a classification\. .*accuracy, f1, mat"),
        (SCORES, ("f1",), r"fit a regression\. .*of: pearson, spearman\."),
        (
            {**CLASSES, "labels": ("a", "b", "c")},
            ("f1",),
            r"more than two classes.*one of: accuracy, matthews\.",
        ),
        (CLASSES, ("f1", "f1"), r"`metrics` must hold every name once"),
    ],
)
def test_metrics_that_do_not_fit_are_refused(fields, metrics, message):
    with pytest.raises(ValueError, match=message):
        Task(name="t", **{**fields, "metrics": metrics})


def test_every_metric_fits_some_task():
    for metric in METRICS:
        fields = SCORES if metric in ("pearson", "spearman") else CLASSES
        assert Task(name="t", metrics=(metric,), **fields).metrics == (metric,)


def test_matthews_fits_three_classes():
    labels = ("a", "b", "c")
    Task(name="t", text_columns=("x",), labels=labels, metrics=("matthews",))

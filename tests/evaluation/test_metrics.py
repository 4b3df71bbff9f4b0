import numpy as np
import pytest
import scipy.stats
import sklearn.metrics

from tf_adapters.data.examples import Examples
from tf_adapters.data.task import Task
from tf_adapters.evaluation.metrics import majority_score
from tf_adapters.evaluation.metrics import mean_score
from tf_adapters.evaluation.metrics import score
from tf_adapters.evaluation.metrics import task_score

BINARY = Task(
    name="binary",
    text_columns=("text",),
    labels=("no", "yes"),
    metrics=("accuracy", "f1", "matthews"),
)
THREE = Task(name="three", text_columns=("text",), labels=("a", "b", "c"))
VALUE = Task(name="value", text_columns=("text",), value_range=(0.0, 5.0))


def one_hot(classes, count=2):
    return np.eye(count)[np.array(classes)]


def make_examples(task, labels):
    texts = (["a"] * len(labels),)
    return Examples(task, texts, np.array(labels, "float32"))


def test_classification_metrics_by_hand():
    labels = np.array([1, 1, 1, 0, 0], "float32")
    predicted = one_hot([1, 1, 0, 0, 1])
    # 2 true and 1 false positives, 1 true and 1 false negatives.
    found = score(BINARY, predicted, labels)
    assert found["accuracy"] == pytest.approx(3 / 5)
    assert found["f1"] == pytest.approx(2 * 2 / (2 * 2 + 1 + 1))
    # (TP TN - FP FN) / sqrt((TP+FP)(TP+FN)(TN+FP)(TN+FN))
    assert found["matthews"] == pytest.approx((2 - 1) / np.sqrt(3 * 3 * 2 * 2))
    assert list(found) == ["accuracy", "f1", "matthews"]


def test_metrics_match_scikit_learn_and_scipy():
    random = np.random.default_rng(0)
    outputs = random.normal(size=(200, 2))
    labels = random.integers(0, 2, 200).astype("float32")
    predicted = outputs[:, 1] > outputs[:, 0]
    found = score(BINARY, outputs, labels)
    for name, reference in (
        ("accuracy", sklearn.metrics.accuracy_score),
        ("f1", sklearn.metrics.f1_score),
        ("matthews", sklearn.metrics.matthews_corrcoef),
    ):
        assert found[name] == pytest.approx(reference(labels, predicted))
    values = outputs[:, :1]
    labels = values[:, 0] + random.normal(size=200)
    found = score(VALUE, values, labels)
    for name, reference in (
        ("pearson", scipy.stats.pearsonr),
        ("spearman", scipy.stats.spearmanr),
    ):
        assert found[name] == pytest.approx(reference(labels, values[:, 0])[0])


def test_correlations_by_hand():
    labels = np.array([0, 1, 2, 3], "float32")
    # A monotone curve has the rank correlation 1, and a straight line both.
    line = score(VALUE, labels[:, None] * 2 + 1, labels)
    assert line == pytest.approx({"pearson": 1, "spearman": 1})
    curve = score(VALUE, np.exp(labels)[:, None], labels)
    assert curve["spearman"] == pytest.approx(1)
    assert curve["pearson"] < 0.95


def test_a_constant_side_correlates_0():
    some, constant = np.arange(4.0), np.ones(4)
    nothing = {"pearson": 0, "spearman": 0}
    assert score(VALUE, constant[:, None], some) == nothing
    assert score(VALUE, some[:, None], constant) == nothing
    assert score(VALUE, some[:1, None], some[:1]) == nothing


def test_outputs_that_are_not_numbers_have_no_correlation():
    some = np.arange(4.0)
    broken = np.full((4, 1), np.nan)
    assert np.isnan(list(score(VALUE, broken, some).values())).all()


def test_a_constant_class_has_matthews_and_f1_0():
    labels = np.array([0, 1, 1, 0], "float32")
    found = score(BINARY, one_hot([0, 0, 0, 0]), labels)
    assert found == {"accuracy": 0.5, "f1": 0, "matthews": 0}


def test_matthews_of_the_whole_is_not_the_mean_of_its_parts():
    # M3: two halves, one with three, one with one predicted positive.
    labels = np.array([1, 1, 0, 1, 0, 0], "float32")
    predicted = one_hot([1, 1, 1, 0, 0, 1])
    whole = score(BINARY, predicted, labels)["matthews"]
    parts = [
        score(BINARY, predicted[half], labels[half])["matthews"]
        for half in (slice(0, 3), slice(3, 6))
    ]
    reference = sklearn.metrics.matthews_corrcoef(
        labels, predicted.argmax(axis=1)
    )
    assert whole == pytest.approx(reference)
    assert abs(whole - np.mean(parts)) > 0.1


def test_the_majority_guess_is_the_commonest_training_label():
    train = make_examples(BINARY, [1, 1, 1, 0])
    dev = make_examples(BINARY, [1, 0, 0, 0])
    # Always 1: one right, one true and three false positives.
    found = majority_score(dev, train)
    assert found == pytest.approx({"accuracy": 0.25, "f1": 0.4, "matthews": 0})
    three = make_examples(THREE, [2, 2, 0])
    assert majority_score(three, three) == {"accuracy": pytest.approx(2 / 3)}


def test_the_constant_guess_of_a_regression_correlates_0():
    examples = make_examples(VALUE, [0, 1, 5])
    found = majority_score(examples, examples)
    assert found == {"pearson": 0, "spearman": 0}


def test_a_task_counts_once_in_the_mean_however_many_metrics_it_has():
    scores = {"a": {"accuracy": 0.9, "f1": 0.7}, "b": {"matthews": 0.2}}
    assert task_score(scores["a"]) == pytest.approx(0.8)
    assert mean_score(scores) == pytest.approx(0.5)

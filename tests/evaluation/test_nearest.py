"""The task whose adapters suit a new task best."""

import numpy as np
import pytest

from tests.rounding import ROUNDING
from tf_adapters.data.examples import Examples
from tf_adapters.data.task import Task
from tf_adapters.evaluation import nearest as module
from tf_adapters.evaluation.nearest import nearest_task
from tf_adapters.methods import Houlsby

MOOD = Task(name="mood", text_columns=("text",), labels=("bad", "good"))
WARMTH = Task(name="warmth", text_columns=("text",), value_range=(0, 10))


@pytest.fixture
def model(make_backbone, make_model, tokenizer):
    """Two tasks: of the last, the encoder tells nothing about the text."""
    backbone = make_backbone(num_layers=1)
    model = make_model(
        Houlsby(4), 2, backbone=backbone, tokenizer=tokenizer, pooling="mean"
    )
    for name, bank in model.banks().items():
        if name.endswith("norm.gamma"):
            values = np.array(bank)
            values[1] = 0
            bank.assign(values)
    return model


def moods(count):
    words = ["bad", "good"]
    labels = np.arange(count) % 2
    texts = [f"the film is {words[k]} word{i}" for i, k in enumerate(labels)]
    return texts, labels


def test_it_is_the_one_that_tells_the_classes_apart(model):
    texts, labels = moods(24)
    examples = Examples(MOOD, (texts,), labels.astype("float32"))
    before = [np.array(w) for w in model.weights]
    name, losses = nearest_task(model, examples, sequence_length=16)
    assert name == model.task_names[0]
    # Features that are all the same give the shares of the other folds: near
    # one half for each class, or log(2) nats.
    assert losses[model.task_names[1]] == pytest.approx(np.log(2), abs=0.05)
    assert losses[name] < 0.5
    for old, new in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.large
def test_it_is_the_one_that_predicts_a_value(model):
    texts, labels = moods(24)
    examples = Examples(WARMTH, (texts,), (10 * labels).astype("float32"))
    name, losses = nearest_task(model, examples, sequence_length=16)
    assert name == model.task_names[0]
    # The guess is the mean of the other folds: one half, squared, and a little
    # more, since 2 or 3 examples out of 24 take up to 1.5 / 21 off it.
    assert 0.25 <= losses[model.task_names[1]] <= (0.5 + 1.5 / 21) ** 2
    assert losses[name] < 0.15


@pytest.mark.large
def test_features_are_those_of_each_example_alone(model, monkeypatch):
    texts, labels = moods(5)
    texts[2] = "good " * 9
    examples = Examples(MOOD, (texts,), labels.astype("float32"))
    seen = []
    monkeypatch.setattr(
        module, "_held_out_loss", lambda x, *_: seen.append(x) or 0.0
    )
    nearest_task(model, examples, sequence_length=16)
    vocabulary = model.tokenizer.get_vocabulary()
    for text, features in zip(texts, seen[0], strict=True):
        words = ["[CLS]", *text.split(), "[SEP]"]
        tokens = np.array([[vocabulary.index(word) for word in words]])
        outputs = model.encoder(
            {
                "token_ids": tokens,
                "segment_ids": np.zeros_like(tokens),
                "padding_mask": np.ones_like(tokens),
                "task_ids": np.array([0]),
            }
        )
        expected = np.mean(outputs["sequence_output"][0], axis=0)
        np.testing.assert_allclose(features, expected, atol=ROUNDING)


def test_a_class_seen_once_costs_no_more_than_the_least(model):
    """Left out, nothing is known of it: -log(1e-3) nats, and not infinity."""
    features = np.array([[0.0], [0.1], [5.0]])
    loss = module._held_out_loss(features, np.array([0.0, 0.0, 1.0]), False)
    # The other two are held out of one example of each class: a coin's toss
    # of a logistic regression between two points, 0.1 and 5 or 0 and 5.
    assert -np.log(1e-3) / 3 < loss < (-np.log(1e-3) + 2 * np.log(2)) / 3


@pytest.mark.parametrize(
    "labels, count", [(None, 4), (np.zeros(1, "float32"), 1)]
)
def test_too_little_is_refused(model, labels, count):
    examples = Examples(MOOD, (["good"] * count,), labels)
    with pytest.raises(ValueError, match="at least two examples with labels"):
        nearest_task(model, examples)

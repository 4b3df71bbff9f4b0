import numpy as np
import tensorflow as tf

from tests.rounding import ROUNDING
from tf_adapters.data.task import Task
from tf_adapters.export.graph.answer import answer

TASKS = [
    Task(name="two", text_columns=("a",), labels=("no", "yes")),
    Task(name="three", text_columns=("a",), labels=("x", "y", "z")),
    Task(name="number", text_columns=("a",), value_range=(1, 5)),
]
MASKED = -1e9


def answer_to(logits, task_ids):
    outputs = answer(tf.constant(logits), tf.constant(task_ids), TASKS)
    return {k: v.numpy() for k, v in outputs.items()}


def test_scores_by_hand():
    # exp(log 3) is three times exp(0): probabilities 3/4 and 1/4. An output
    # of 0.25 is a quarter of the way from 1 to 5.
    logits = [[np.log(3.0), 0, MASKED], [0, 0, 0], [0.25, MASKED, MASKED]]
    scores = answer_to(logits, [0, 1, 2])["scores"]
    expected = [[0.75, 0.25, 0], [1 / 3, 1 / 3, 1 / 3], [2, 0, 0]]
    np.testing.assert_allclose(scores, expected, atol=ROUNDING)
    assert scores.dtype == "float32"


def test_labels_are_names_and_indices():
    logits = [[0.0, 1, MASKED], [0, 1, 2], [1, 0, MASKED]]
    outputs = answer_to(logits, [0, 1, 0])
    assert outputs["label"].tolist() == [b"yes", b"z", b"no"]
    assert outputs["label_index"].tolist() == [1, 2, 0]
    assert outputs["label_index"].dtype == "int32"


def test_a_regression_is_its_value_as_text():
    outputs = answer_to([[0.25, MASKED, MASKED], [1 / 3, 0, 0]], [2, 2])
    assert outputs["label"].tolist() == [b"2", b"2.33333"]
    assert outputs["label_index"].tolist() == [-1, -1]


def test_a_regression_stays_in_its_range():
    logits = [[-0.5, MASKED, MASKED], [1.5, MASKED, MASKED]]
    outputs = answer_to(logits, [2, 2])
    assert outputs["scores"][:, 0].tolist() == [1, 5]


def test_half_precision_logits_are_scored_in_float32():
    logits = tf.zeros((1, 3), tf.bfloat16)
    scores = answer(logits, tf.constant([1]), TASKS)["scores"]
    np.testing.assert_allclose(scores, np.full((1, 3), 1 / 3), atol=1e-7)

import numpy as np
import pytest
import tensorflow as tf

from tf_adapters.model.losses import TaskLoss

MASKED = -1e9
# Task 0 has two classes, task 1 three, task 2 is a regression.
MASK = np.array([[1, 1, 0], [1, 1, 1], [1, 0, 0]], bool)
TASKS = np.array([0, 1, 2, 1, 0], "int32")


def make_loss(weights=(1, 1, 1), label_smoothing=0.0):
    return TaskLoss(
        output_mask=MASK,
        is_regression=np.array([False, False, True]),
        weights=np.array(weights, "float64"),
        label_smoothing=label_smoothing,
    )


def floats(*values):
    return np.array(values, "float32")


def make_batch():
    logits = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    logits = np.where(MASK[TASKS], logits, np.float32(MASKED))
    return np.array([1, 2, 0.25, 0, 0], "float32"), logits


def numpy_loss(label, logits, task, smoothing):
    """The loss of one example, from the outputs of its task alone."""
    own = logits[MASK[task]].astype("float64")
    if task == 2:
        return (own[0] - label) ** 2
    log_p = own - np.log(np.exp(own).sum())
    target = np.full(len(own), smoothing / len(own))
    target[int(label)] += 1 - smoothing
    return -(target * log_p).sum()


def test_cross_entropy_by_hand():
    # Probabilities 1/4 and 3/4 of two classes: -log(3/4) for class 1.
    logits = np.array([[0, np.log(3), MASKED]], "float32")
    loss = make_loss().per_example(floats(1), logits, [0])
    np.testing.assert_allclose(loss, [-np.log(0.75)], rtol=1e-6)


@pytest.mark.parametrize("label", [-1, 2, 9])
def test_a_class_that_the_task_does_not_have_shows(label):
    logits = np.zeros((3, 3), "float32")
    labels = floats(label, 1, 2)
    loss = make_loss().per_example(labels, logits, np.array([0, 0, 1]))
    assert np.isnan(loss).tolist() == [True, False, False]


def test_squared_error_by_hand():
    # (0.75 - 0.25)^2
    logits = np.array([[0.75, MASKED, MASKED]], "float32")
    loss = make_loss().per_example(floats(0.25), logits, [2])
    np.testing.assert_allclose(loss, [0.25])


def test_smoothing_spreads_over_the_classes_of_the_task_by_hand():
    # All logits equal: every log probability is -log(number of classes),
    # however the target is spread.
    logits = np.where(MASK[:2], 0, MASKED).astype("float32")
    loss = make_loss(label_smoothing=0.3).per_example(
        floats(0, 2), logits, [0, 1]
    )
    np.testing.assert_allclose(loss, np.log([2, 3]), rtol=1e-6)
    # Two classes, smoothing 0.2: the target is 0.9 and 0.1.
    logits = np.array([[np.log(4), 0, MASKED]], "float32")
    loss = make_loss(label_smoothing=0.2).per_example(floats(0), logits, [0])
    expected = -0.9 * np.log(0.8) - 0.1 * np.log(0.2)
    np.testing.assert_allclose(loss, [expected], rtol=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_mixed_batch_matches_each_example_alone(smoothing):
    labels, logits = make_batch()
    loss = make_loss(label_smoothing=smoothing)
    found = loss.per_example(labels, logits, TASKS)
    rows = zip(labels, logits, TASKS, strict=True)
    expected = [numpy_loss(*row, smoothing) for row in rows]
    assert found.dtype == "float32"
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_smoothing_leaves_a_regression_as_it_is():
    logits = np.array([[0.5, MASKED, MASKED]], "float32")
    loss = make_loss(label_smoothing=0.5).per_example(floats(0), logits, [2])
    np.testing.assert_allclose(loss, [0.25])


def test_weights_scale_the_loss_of_their_task():
    labels, logits = make_batch()
    plain = make_loss().per_example(labels, logits, TASKS)
    weighted = make_loss((2, 0.5, 3)).per_example(labels, logits, TASKS)
    factors = np.array([2, 0.5, 3])[TASKS]
    np.testing.assert_allclose(weighted, plain * factors, rtol=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_no_gradient_reaches_the_outputs_that_a_task_does_not_have(smoothing):
    labels, logits = make_batch()
    logits = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = make_loss(label_smoothing=smoothing)
        losses = loss.per_example(labels, logits, TASKS)
    gradient = tape.gradient(losses, logits).numpy()
    assert (gradient[~MASK[TASKS]] == 0).all()
    assert (gradient[MASK[TASKS]] != 0).all()

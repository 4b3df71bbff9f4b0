"""What is served of a method that updates the pretrained weights."""

import json

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import softmax

from tests.export.test_baked_export import operations
from tests.export.test_baked_export import shapes
from tests.export.test_saved_model import SERVE
from tests.export.test_saved_model import run
from tests.rounding import ROUNDING
from tf_adapters import IntrinsicSAID
from tf_adapters import Method
from tf_adapters.export import export_saved_model

pytestmark = pytest.mark.large


@pytest.fixture
def export(make_model, model, tmp_path):
    """Exports a model of one task, or of two, whose scores are a softmax."""

    def export(method, num_tasks):
        classifier = make_model(model.tasks[:num_tasks], method)
        return classifier, export_saved_model(classifier, tmp_path / "m", 16)

    return export


def data_size(folder):
    return (folder / "variables/variables.data-00000-of-00001").stat().st_size


def size(weights):
    return sum(4 * int(np.prod(w.shape)) for w in weights)


def numbers(artefact):
    return sum(int(np.prod(shape)) for shape in shapes(artefact))


def test_a_model_of_one_task_is_served_as_a_backbone(export):
    """As many numbers as the backbone without any method, and its products.

    Those of query, key and value are put side by side when it is asked.
    """
    plain = tf.saved_model.load(str(export(Method(), 1)[1]))
    model, folder = export(IntrinsicSAID(60), 1)
    served = tf.saved_model.load(str(folder))
    assert numbers(served) == numbers(plain)
    found, expected = operations(served), operations(plain)
    assert not expected - found
    more = "Const Placeholder ReadVariableOp Reshape Mul ConcatV2".split()
    assert set(found - expected) <= set(more)
    stored = [*model.encoder.pretrained_weights(), *model.heads.weights]
    stored = [w for w in stored if "seed" not in w.path]
    assert 0 <= data_size(folder) - size(stored) < 2e4


def test_several_tasks_are_served_from_a_backbone_each(export):
    model, folder = export(IntrinsicSAID(60), 2)
    served = tf.saved_model.load(str(folder))
    pretrained = model.encoder.pretrained_weights()
    heads = [w for w in model.heads.weights if "seed" not in w.path]
    assert shapes(served) == sorted(
        tuple(w.shape) for w in [*pretrained, *pretrained, *heads]
    )
    assert 0 <= data_size(folder) - size([*pretrained, *pretrained, *heads])
    assert data_size(folder) - size([*pretrained, *pretrained, *heads]) < 2e4


def tokens():
    rng = np.random.default_rng(0)
    mask = np.arange(9) < np.array([[9], [4], [6], [2]])
    inputs = {
        "token_ids": rng.integers(5, 11, (4, 9)) * mask,
        "segment_ids": rng.integers(0, 2, (4, 9)) * mask,
        "padding_mask": mask,
    }
    return {k: tf.constant(v.astype("int32")) for k, v in inputs.items()}


@pytest.mark.parametrize(
    "num_tasks, task_ids", [(1, [0] * 4), (2, [1, 0, 0, 1]), (2, [1] * 4)]
)
def test_it_scores_as_the_keras_model_does(export, num_tasks, task_ids):
    model, folder = export(IntrinsicSAID(60), num_tasks)
    served = tf.saved_model.load(str(folder))
    inputs = {**tokens(), "task_ids": tf.constant(task_ids)}
    expected = softmax(np.array(model(inputs), "float64"), axis=-1)
    scores = served.signatures["token_ids"](**inputs)["scores"]
    np.testing.assert_allclose(scores, expected, atol=ROUNDING)
    # Examples differ, and so does what the backbone alone would answer.
    assert np.ptp(expected[:, 0]) > 1e-3
    scales = model.encoder.weight_update.scales
    scales.assign(scales * 0)
    plain = softmax(np.array(model(inputs), "float64"), axis=-1)
    assert not np.allclose(scores, plain, atol=1e-3)


def test_it_is_served_without_this_library(export):
    """The signature of a task, and that of all, in a process of its own."""
    _, folder = export(IntrinsicSAID(60), 2)
    served = tf.saved_model.load(str(folder))
    text = tf.constant(["a good film", "bad"])
    own = served.signatures["sentiment"](sentence=text)["scores"]
    own_of_pairs = served.signatures["mrpc"](
        text_1_string=text, text_2_string=text
    )["scores"]
    request = {
        "text": ["a good film", "a good film", "bad", "bad"],
        "text_pair": ["", "a good film", "", "bad"],
        "task": ["sentiment", "mrpc"] * 2,
    }
    scores = np.array(json.loads(run(SERVE, folder, json.dumps(request))))
    np.testing.assert_allclose(scores[::2, :2], own, atol=ROUNDING)
    np.testing.assert_allclose(scores[1::2], own_of_pairs, atol=ROUNDING)

"""What is served of adapters that compute their kernels from other weights."""

import collections

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import softmax

from tests.method_table import METHODS
from tests.rounding import ROUNDING
from tf_adapters.export import export_saved_model
from tf_adapters.layers import PHMRule
from tf_adapters.methods.compacter import Compacter

pytestmark = pytest.mark.large

COMPUTED = ("compacter", "phm_adapter", "low_rank_adapter")


@pytest.fixture(scope="module")
def models(make_model, model):
    """Models of two classifications, whose scores are a softmax, by method."""
    tasks = model.tasks[:2]
    return {
        name: make_model(tasks, METHODS[name]())
        for name in (*COMPUTED, "houlsby")
    }


@pytest.fixture(scope="module")
def served(models, tmp_path_factory):
    """Their SavedModels, loaded."""
    path = tmp_path_factory.mktemp("baked")
    folders = {
        name: export_saved_model(model, path / name, 16)
        for name, model in models.items()
    }
    return {
        name: tf.saved_model.load(str(folder))
        for name, folder in folders.items()
    }


@pytest.fixture
def inputs():
    rng = np.random.default_rng(0)
    mask = np.arange(9) < np.array([[9], [4], [6], [2]])
    inputs = {
        "token_ids": rng.integers(5, 11, (4, 9)) * mask,
        "segment_ids": rng.integers(0, 2, (4, 9)) * mask,
        "padding_mask": mask,
        "task_ids": np.array([1, 0, 0, 1]),
    }
    return {k: tf.constant(v.astype("int32")) for k, v in inputs.items()}


def scores(artefact, inputs):
    return artefact.signatures["token_ids"](**inputs)["scores"]


@pytest.mark.parametrize("name", COMPUTED)
def test_it_scores_a_mixed_batch_as_the_keras_model_does(
    models, served, inputs, name
):
    expected = softmax(np.array(models[name](inputs), "float64"), axis=-1)
    np.testing.assert_allclose(
        scores(served[name], inputs), expected, atol=ROUNDING
    )
    assert len(np.unique(expected[:, 0].round(3))) == 4


def shapes(artefact):
    return sorted(tuple(weight.shape) for weight in artefact.weights)


def operations(artefact):
    """How often each kind of operation is in the graphs, functions too."""
    counts = collections.Counter()
    for signature in artefact.signatures.values():
        graph = signature.graph.as_graph_def()
        for function in (graph, *graph.library.function):
            nodes = getattr(function, "node", None) or function.node_def
            counts.update(node.op for node in nodes)
    return counts


@pytest.mark.parametrize("name", COMPUTED)
def test_it_is_the_graph_of_plain_adapters(served, name):
    """As many variables of the same shapes, and no product of a rule."""
    assert shapes(served[name]) == shapes(served["houlsby"])
    found, plain = operations(served[name]), operations(served["houlsby"])
    assert plain["MatMul"] and plain["BatchMatMulV2"]
    assert found == plain


def test_no_variable_is_a_rule(models, served):
    layers = models["compacter"].task_layers().values()
    (rule,) = (layer for layer in layers if isinstance(layer, PHMRule))
    assert tuple(rule.rule.shape) == (2, 2, 2, 2)
    assert tuple(rule.rule.shape) not in shapes(served["compacter"])


@pytest.mark.parametrize("method", [Compacter(4, phm_dim=2), None])
def test_dropped_layers_are_served_without_adapters(
    make_model, inputs, tmp_path, method
):
    model = make_model(method=method)
    folder = export_saved_model(model, tmp_path, 16, dropped_layers=[0])
    outputs = scores(tf.saved_model.load(str(folder)), inputs)
    whole = softmax(np.array(model(inputs), "float64"), axis=-1)
    assert not np.allclose(outputs, whole, atol=1e-2)
    for slot in ("attention", "feedforward"):
        adapter = model.encoder.task_layers()[f"layer.0.{slot}.adapter"]
        for name in {"up", "up_left", "up_bias"} & set(adapter.banks):
            bank = adapter.banks[name]
            bank.assign(np.zeros(bank.shape))
    expected = softmax(np.array(model(inputs), "float64"), axis=-1)
    np.testing.assert_allclose(outputs, expected, atol=ROUNDING)


def test_a_layer_that_does_not_exist_is_refused(model, tmp_path):
    with pytest.raises(ValueError, match="from 0 to 1. Received: 2"):
        export_saved_model(model, tmp_path / "models", 16, dropped_layers=[2])
    assert list(tmp_path.iterdir()) == []

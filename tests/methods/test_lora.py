import numpy as np
import pytest

import tf_adapters
from tests.numpy_bert import bert
from tests.rounding import ROUNDING
from tf_adapters import AdaptedBackbone
from tf_adapters import count_parameters
from tf_adapters.layers import LowRankUpdate
from tf_adapters.methods.method import PROJECTION_SLOTS


def ids(weights):
    return {id(w) for w in weights if "seed" not in w.path}


def check_counts(backbone, method, tasks, expected):
    model = tf_adapters.MultiTaskClassifier(backbone, method, tasks)
    counts = count_parameters(model)
    assert counts["per_task"] == expected
    assert counts["shared"] == counts["layer_norms"] == 0


@pytest.mark.parametrize(
    "method, expected",
    [
        # Two kernels a layer, of rank * (128 + 128).
        (tf_adapters.LoRA(), 2 * 2 * 8 * 256),
        # Four of these and two of rank * (128 + 512).
        (
            tf_adapters.LoRA(4, targets=PROJECTION_SLOTS),
            2 * 4 * (4 * 256 + 2 * 640),
        ),
    ],
    ids=["query_value", "everywhere"],
)
def test_counts_of_bert_tiny(bert_tiny, make_tasks, method, expected):
    check_counts(bert_tiny, method, make_tasks(2), expected)


@pytest.mark.large
def test_count_of_bert_base(bert_base, make_tasks):
    assert 12 * 2 * 8 * (768 + 768) == 294_912
    check_counts(bert_base, tf_adapters.LoRA(), make_tasks(1), 294_912)


@pytest.mark.parametrize("targets", [("query", "value"), ("intermediate",)])
def test_updates_and_heads_are_trained_and_nothing_else(
    make_model, small_bert, targets
):
    method = tf_adapters.LoRA(2, targets=targets)
    model = make_model(method, backbone=small_bert)
    expected = {"head.kernel", "head.bias"}
    for i in range(2):
        for slot in targets:
            expected |= {f"layer.{i}.{slot}.adapter.{w}" for w in "ab"}
    assert set(model.banks()) == expected
    assert ids(model.trainable_weights) == ids(model.banks().values())
    assert not any(w.trainable for w in small_bert.weights)


def test_updates_are_made_as_the_arguments_say(small_bert):
    method = tf_adapters.LoRA(3, 5.0, PROJECTION_SLOTS)
    encoder = AdaptedBackbone(small_bert, method, num_tasks=2)
    for name, layer in encoder.task_layers().items():
        assert (layer.rank, layer.alpha, layer.num_tasks) == (3, 5.0, 2)
        assert layer.units == (32 if "intermediate" in name else 16)
        width = 32 if "feedforward_output" in name else 16
        assert layer.a.shape == (2, width, 3)
    assert len(encoder.task_layers()) == 12


@pytest.mark.large
def test_new_encoder_is_the_stock_backbone(make_backbone, make_inputs):
    stock, inputs = make_backbone(), make_inputs(num_tasks=3)
    names = ("token_ids", "segment_ids", "padding_mask")
    expected = stock({name: inputs[name] for name in names})
    method = tf_adapters.LoRA(targets=PROJECTION_SLOTS)
    outputs = AdaptedBackbone(stock, method, num_tasks=3)(inputs)
    for key, value in expected.items():
        np.testing.assert_allclose(outputs[key], value, atol=ROUNDING)


@pytest.mark.parametrize(
    "targets",
    [
        pytest.param(("query", "value"), marks=pytest.mark.large),
        PROJECTION_SLOTS,
    ],
)
def test_encoder_is_that_of_the_formulas(
    make_backbone, make_inputs, scramble, targets
):
    stock, inputs = make_backbone(), make_inputs(num_tasks=3)
    method = tf_adapters.LoRA(2, 3.0, targets)
    encoder = AdaptedBackbone(stock, method, num_tasks=3)
    scramble(encoder.trainable_weights)
    layers, task_ids = encoder.task_layers(), inputs["task_ids"]

    def slot(name):
        def update(x, i):
            own = layers[f"layer.{i}.{name}.adapter"]
            a, b = (np.array(w, "float64")[task_ids] for w in (own.a, own.b))
            return 3 / 2 * x @ a @ b

        return update

    slots = {name: slot(name) for name in targets}
    sequence, pooled, _ = bert(stock, inputs, slots)
    outputs = encoder(inputs)
    np.testing.assert_allclose(outputs["sequence_output"], sequence, atol=1e-4)
    np.testing.assert_allclose(outputs["pooled_output"], pooled, atol=1e-4)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"rank": 0}, "rank=0"),
        ({"targets": ("query", "keys")}, r"of query, key.*\('query', 'keys'\)"),
        ({"targets": ()}, r"one or several.*targets=\(\)"),
        ({"targets": ("attention",)}, "attention"),
    ],
)
def test_bad_arguments_are_refused_at_once(arguments, message):
    with pytest.raises(ValueError, match=message):
        tf_adapters.LoRA(**arguments)


def test_method_comes_back_from_its_config(check_config):
    check_config(tf_adapters.LoRA(2, 3.0, ("key", "intermediate")))
    assert tf_adapters.LoRA().get_config() == {
        "rank": 8,
        "alpha": 16.0,
        "targets": ["query", "value"],
    }


@pytest.mark.large
def test_keras_file_holds_everything(make_backbone, scramble, check_keras_file):
    method = tf_adapters.LoRA(2, 3.0, PROJECTION_SLOTS)
    encoder = AdaptedBackbone(make_backbone(), method, num_tasks=3)
    scramble(encoder.trainable_weights)
    revived = check_keras_file(encoder)
    layers = revived.task_layers().values()
    assert {type(layer) for layer in layers} == {LowRankUpdate}

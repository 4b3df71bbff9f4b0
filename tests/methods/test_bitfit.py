import numpy as np
import pytest

import tf_adapters
from tests.numpy_bert import bert
from tests.numpy_bert import layer_norm
from tests.rounding import ROUNDING
from tf_adapters import AdaptedBackbone
from tf_adapters import count_parameters
from tf_adapters.layers import TaskBias
from tf_adapters.layers import TaskLayerNormalization
from tf_adapters.methods.method import PROJECTION_SLOTS


def ids(weights):
    return {id(w) for w in weights if "seed" not in w.path}


def check_counts(backbone, tasks, biases, offsets):
    model = tf_adapters.MultiTaskClassifier(
        backbone, tf_adapters.BitFit(), tasks
    )
    counts = count_parameters(model)
    assert counts["per_task"] == biases
    assert counts["layer_norms"] == offsets
    assert counts["shared"] == 0
    trained = sum(w.value.shape.num_elements() for w in model.trainable_weights)
    heads = sum(w.value.shape.num_elements() for w in model.heads.weights)
    assert trained == len(tasks) * (biases + offsets) + heads


def test_counts_of_bert_tiny(bert_tiny, make_tasks):
    # Five biases of the width a layer and one of 512; five LayerNorms.
    biases, offsets = 2 * (5 * 128 + 512), 5 * 128
    assert biases + offsets == 2_944
    check_counts(bert_tiny, make_tasks(3), biases, offsets)


@pytest.mark.large
def test_counts_of_bert_base(bert_base, make_tasks):
    """C13."""
    biases, offsets = 12 * (5 * 768 + 3_072), 25 * 768
    assert (biases, offsets) == (82_944, 19_200)
    assert biases + offsets == 102_144
    check_counts(bert_base, make_tasks(1), biases, offsets)


def test_biases_offsets_and_heads_are_trained_and_nothing_else(
    make_model, small_bert
):
    model = make_model(tf_adapters.BitFit(), backbone=small_bert)
    expected = {"head.kernel", "head.bias", "embedding.norm.beta"}
    for i in range(2):
        for slot in PROJECTION_SLOTS:
            expected.add(f"layer.{i}.{slot}.adapter.bias")
        for norm in ("attention", "feedforward"):
            expected.add(f"layer.{i}.{norm}.norm.beta")
    assert set(model.banks()) == expected
    assert ids(model.trainable_weights) == ids(model.banks().values())
    # The pretrained biases, the gains and the pooler among them.
    assert not any(w.trainable for w in small_bert.weights)
    for layer in model.encoder.task_layers().values():
        assert isinstance(layer, TaskBias | TaskLayerNormalization)


@pytest.mark.large
def test_new_encoder_is_the_stock_backbone(make_backbone, make_inputs):
    stock, inputs = make_backbone(), make_inputs(num_tasks=3)
    names = ("token_ids", "segment_ids", "padding_mask")
    expected = stock({name: inputs[name] for name in names})
    encoder = AdaptedBackbone(stock, tf_adapters.BitFit(), num_tasks=3)
    outputs = encoder(inputs)
    for key, value in expected.items():
        np.testing.assert_allclose(outputs[key], value, atol=ROUNDING)


def test_encoder_is_that_of_the_formulas(make_backbone, make_inputs, scramble):
    stock, inputs = make_backbone(), make_inputs(num_tasks=3)
    encoder = AdaptedBackbone(stock, tf_adapters.BitFit(), num_tasks=3)
    scramble(encoder.trainable_weights)
    layers, task_ids = encoder.task_layers(), inputs["task_ids"]

    def own(bank):
        return np.array(bank, "float64")[task_ids][:, None]

    def slot(name):
        def bias(x, i):
            added = own(layers[f"layer.{i}.{name}.adapter"].bias)
            return np.repeat(added, x.shape[1], axis=1)

        return bias

    def norm(x, gamma, beta, name):
        name = name if name == "embedding" else f"layer.{name}"
        return layer_norm(x, gamma, own(layers[f"{name}.norm"].beta))

    slots = {name: slot(name) for name in PROJECTION_SLOTS}
    sequence, pooled, _ = bert(stock, inputs, slots, norm)
    outputs = encoder(inputs)
    np.testing.assert_allclose(outputs["sequence_output"], sequence, atol=1e-4)
    np.testing.assert_allclose(outputs["pooled_output"], pooled, atol=1e-4)


@pytest.mark.large
def test_task_of_an_encoder_is_bert_with_its_biases(
    make_backbone, make_inputs, scramble
):
    """What is trained is what the paper trains: the biases themselves."""
    stock, inputs = make_backbone(), make_inputs()
    encoder = AdaptedBackbone(stock, tf_adapters.BitFit())
    scramble(encoder.trainable_weights)
    expected = encoder(inputs)
    for layer in encoder.transformer_layers:
        for slot in PROJECTION_SLOTS:
            bias = layer.dense_of(slot).bias
            own = np.array(layer.adapters[slot].bias[0]).reshape(bias.shape)
            bias.assign(bias + own)
        layer._self_attention_layer_norm.beta.assign(
            layer.attention_norm.beta[0]
        )
        layer._feedforward_layer_norm.beta.assign(
            layer.feedforward_norm.beta[0]
        )
    stock.embeddings_layer_norm.beta.assign(encoder.embedding_task_norm.beta[0])
    names = ("token_ids", "segment_ids", "padding_mask")
    outputs = stock({name: inputs[name] for name in names})
    for key, value in expected.items():
        np.testing.assert_allclose(outputs[key], value, atol=ROUNDING)


def test_method_comes_back_from_its_config(check_config):
    check_config(tf_adapters.BitFit())
    assert tf_adapters.BitFit().get_config() == {}
    with pytest.raises(TypeError):
        tf_adapters.BitFit(8)


@pytest.mark.large
def test_keras_file_holds_everything(
    make_backbone, make_inputs, scramble, check_keras_file
):
    stock = make_backbone()
    encoder = AdaptedBackbone(stock, tf_adapters.BitFit(), num_tasks=3)
    scramble(encoder.trainable_weights)
    revived = check_keras_file(encoder)
    # A task that is added starts from the pretrained offsets.
    revived.add_tasks(1)
    inputs = make_inputs()
    names = ("token_ids", "segment_ids", "padding_mask")
    expected = stock({name: inputs[name] for name in names})
    outputs = revived({**inputs, "task_ids": np.int32(3)})
    for key, value in expected.items():
        np.testing.assert_allclose(outputs[key], value, atol=ROUNDING)

import keras
import numpy as np
import pytest

import tf_adapters
from tests.numpy_bert import bert
from tests.numpy_bert import gelu_erf
from tests.numpy_bert import gelu_tanh
from tests.numpy_bert import layer_norm
from tests.rounding import assert_same_to_rounding
from tf_adapters import AdaptedBackbone
from tf_adapters.encoder.stock import set_numerics
from tf_adapters.layers.activation import activation_name

KEYS = ("sequence_output", "pooled_output")


def stock_outputs(backbone, inputs, **kwargs):
    names = ("token_ids", "segment_ids", "padding_mask")
    return backbone({name: inputs[name] for name in names}, **kwargs)


def assert_equal(actual, expected):
    for key in KEYS:
        assert_same_to_rounding(actual[key], expected[key])


def seeds(backbone):
    found = [v for v in backbone.variables if "seed" in v.path]
    assert found
    return found


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("num_tasks", [1, 3])
def test_empty_slots_are_the_stock_backbone(
    make_backbone, make_inputs, dtype, num_tasks
):
    """I1, on a batch with padding."""
    backbone = make_backbone(dtype=dtype)
    inputs = make_inputs(width=12, num_tasks=num_tasks)
    assert not inputs["padding_mask"].all()
    expected = stock_outputs(backbone, inputs)
    encoder = AdaptedBackbone(backbone, num_tasks=num_tasks)
    assert_equal(encoder(inputs), expected)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_empty_slots_are_the_stock_backbone_in_training(
    make_backbone, make_inputs, keras_dropout, dtype
):
    """I1, with every dropout drawn from the same seeds."""
    backbone, inputs = make_backbone(dropout=0.3, dtype=dtype), make_inputs()
    start = [np.array(seed) for seed in seeds(backbone)]
    expected = stock_outputs(backbone, inputs, training=True)
    for seed, value in zip(seeds(backbone), start, strict=True):
        seed.assign(value)
    encoder = AdaptedBackbone(backbone)
    outputs = encoder(inputs, training=True)
    assert_equal(outputs, expected)
    still = encoder(inputs, training=False)["sequence_output"]
    assert not np.allclose(outputs["sequence_output"], still, atol=1e-2)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_new_layer_norms_are_the_stock_ones(make_backbone, make_inputs, dtype):
    backbone, inputs = make_backbone(dtype=dtype), make_inputs(num_tasks=3)
    expected = stock_outputs(backbone, inputs)
    method = tf_adapters.LayerNormOnly()
    encoder = AdaptedBackbone(backbone, method, num_tasks=3)
    assert_equal(encoder(inputs), expected)


def test_adapters_with_nothing_to_add_are_the_stock_backbone(
    make_backbone, make_inputs
):
    """H1."""
    backbone, inputs = make_backbone(), make_inputs(num_tasks=2)
    expected = stock_outputs(backbone, inputs)
    encoder = AdaptedBackbone(backbone, tf_adapters.Houlsby(4), num_tasks=2)
    for name, layer in encoder.task_layers().items():
        if name.endswith("adapter"):
            layer.up.assign(np.zeros(layer.up.shape))
    assert_equal(encoder(inputs), expected)


def test_stock_backbone_is_the_one_of_the_formulas(make_backbone, make_inputs):
    """What the other comparisons with NumPy stand on."""
    backbone, inputs = make_backbone(), make_inputs()
    sequence, pooled, _ = bert(backbone, inputs)
    outputs = AdaptedBackbone(backbone)(inputs)
    np.testing.assert_allclose(outputs["sequence_output"], sequence, atol=1e-4)
    np.testing.assert_allclose(outputs["pooled_output"], pooled, atol=1e-4)


def test_houlsby_is_that_of_the_formulas(make_backbone, make_inputs, scramble):
    """I12: every adapter and every norm of the task of every example."""
    backbone, inputs = make_backbone(), make_inputs(num_tasks=3)
    encoder = AdaptedBackbone(backbone, tf_adapters.Houlsby(4), num_tasks=3)
    scramble(encoder.trainable_weights)
    rows = {
        f"{layer}.{bank}": np.array(value, "float64")[inputs["task_ids"]]
        for layer, task_layer in encoder.task_layers().items()
        for bank, value in task_layer.banks.items()
    }

    def adapter(slot):
        def adapt(x, i):
            down, down_bias, up, up_bias = (
                rows[f"layer.{i}.{slot}.adapter.{name}"]
                for name in ("down", "down_bias", "up", "up_bias")
            )
            units = gelu_tanh(x @ down + down_bias[:, None])
            return x + units @ up + up_bias[:, None]

        return adapt

    def norm(x, gamma, beta, name):
        name = name if name == "embedding" else f"layer.{name}"
        gamma, beta = (rows[f"{name}.norm.{w}"] for w in ("gamma", "beta"))
        return layer_norm(x, gamma[:, None], beta[:, None])

    slots = {slot: adapter(slot) for slot in ("attention", "feedforward")}
    sequence, pooled, _ = bert(backbone, inputs, slots, norm)
    outputs = encoder(inputs)
    np.testing.assert_allclose(outputs["sequence_output"], sequence, atol=1e-4)
    np.testing.assert_allclose(outputs["pooled_output"], pooled, atol=1e-4)


@pytest.mark.parametrize(
    "gelu, f", [("exact", gelu_erf), ("approximate", gelu_tanh)]
)
def test_activation_and_epsilon_of_the_backbone_are_honoured(
    make_backbone, make_inputs, gelu, f
):
    backbone, inputs = make_backbone(), make_inputs()
    set_numerics(backbone, f"gelu_{gelu}", 0.1)

    def norm(x, gamma, beta, name):
        return layer_norm(x, gamma, beta, epsilon=0.1)

    sequence, _, _ = bert(backbone, inputs, norm=norm, gelu=f)
    for method in (None, tf_adapters.LayerNormOnly()):
        outputs = AdaptedBackbone(backbone, method)(inputs)
        np.testing.assert_allclose(
            outputs["sequence_output"], sequence, atol=1e-4
        )


def test_weights_are_taken_over_and_not_copied(make_backbone):
    backbone = make_backbone()
    encoder = AdaptedBackbone(backbone, tf_adapters.Houlsby(4), num_tasks=2)
    theirs = {id(w) for w in backbone.weights}
    ours = [w for w in encoder.weights if id(w) in theirs]
    assert len(ours) == len(theirs)
    new = [w for w in encoder.weights if id(w) not in theirs]
    banks = [
        bank
        for layer in encoder.task_layers().values()
        for bank in layer.banks.values()
    ]
    assert {id(w) for w in new} == {id(bank) for bank in banks}
    added = 2 * (2 * 2 * (2 * 4 * 16 + 4 + 16) + 5 * 2 * 16)
    assert encoder.count_params() == backbone.count_params() + added


def test_pretrained_weights_are_those_of_the_backbone(make_backbone):
    backbone = make_backbone()
    encoder = AdaptedBackbone(backbone, tf_adapters.Houlsby(4))
    expected = {id(w) for w in backbone.weights if "seed" not in w.path}
    assert {id(w) for w in encoder.pretrained_weights()} == expected
    assert len(encoder.pretrained_weights()) == len(expected)
    assert len(encoder.pretrained_norms()) == 5 * 2


def test_task_layers_have_stable_names(make_backbone):
    encoder = AdaptedBackbone(make_backbone(), tf_adapters.Houlsby(4))
    assert list(encoder.task_layers()) == [
        "embedding.norm",
        "layer.0.attention.adapter",
        "layer.0.attention.norm",
        "layer.0.feedforward.adapter",
        "layer.0.feedforward.norm",
        "layer.1.attention.adapter",
        "layer.1.attention.norm",
        "layer.1.feedforward.adapter",
        "layer.1.feedforward.norm",
    ]


def test_trained_norms_and_adapters_put_back_give_the_stock_backbone(
    make_model, make_inputs, make_backbone
):
    """H5, after training."""
    backbone, inputs = make_backbone(), make_inputs(num_tasks=2)
    expected = stock_outputs(backbone, inputs)
    method = tf_adapters.Houlsby(4)
    model = make_model(method, num_tasks=2, backbone=backbone)
    model.compile(keras.optimizers.Adam(0.05), run_eagerly=True)
    model.train_on_batch(inputs, np.zeros(4), np.ones(4))
    trained = model.encoder(inputs)["sequence_output"]
    assert not np.allclose(trained, expected["sequence_output"], atol=1e-3)
    for name, layer in model.encoder.task_layers().items():
        if name.endswith("norm"):
            for weight in ("gamma", "beta"):
                pretrained = np.array(getattr(layer.norm, weight))
                getattr(layer, weight).assign(np.stack([pretrained] * 2))
        else:
            layer.up.assign(np.zeros(layer.up.shape))
            layer.up_bias.assign(np.zeros(layer.up_bias.shape))
    assert_equal(model.encoder(inputs), expected)


def test_added_tasks_leave_the_others_as_they_were(
    make_backbone, make_inputs, scramble
):
    backbone, inputs = make_backbone(), make_inputs(num_tasks=2)
    encoder = AdaptedBackbone(backbone, tf_adapters.Houlsby(4), num_tasks=2)
    scramble(encoder.trainable_weights)
    before = encoder(inputs)
    trained = len(encoder.trainable_weights)
    encoder.add_tasks(2)
    assert encoder.num_tasks == encoder.shape.num_tasks == 4
    assert len(encoder.trainable_weights) == trained
    assert_equal(encoder(inputs), before)
    # The new ones start from the pretrained norms, next to the identity.
    outputs = encoder({**inputs, "task_ids": np.int32(3)})
    stock = stock_outputs(backbone, inputs)
    for key in KEYS:
        np.testing.assert_allclose(outputs[key], stock[key], atol=1e-4)


@pytest.mark.parametrize(
    "dtype, gelu",
    [("float32", "gelu_exact"), ("mixed_bfloat16", "gelu_approximate")],
)
def test_keras_file_holds_everything(
    make_backbone, make_inputs, scramble, tmp_path, dtype, gelu
):
    backbone, inputs = make_backbone(dtype=dtype), make_inputs(num_tasks=3)
    set_numerics(backbone, gelu, 1e-3)
    encoder = AdaptedBackbone(
        backbone, tf_adapters.Houlsby(4), num_tasks=3, name="mine"
    )
    scramble(encoder.trainable_weights)
    encoder.save(tmp_path / "encoder.keras")
    revived = keras.models.load_model(tmp_path / "encoder.keras")
    assert revived.name == "mine"
    assert revived.num_tasks == 3
    assert repr(revived.method) == repr(encoder.method)
    assert revived.dtype_policy == encoder.dtype_policy
    for layer in revived.transformer_layers:
        dense = layer._feedforward_intermediate_dense
        assert activation_name(dense.activation) == gelu
        assert layer.attention_norm.norm.epsilon == 1e-3
        assert layer._feedforward_layer_norm.epsilon == 1e-3
    assert revived.embedding_norm.epsilon == 1e-3
    assert len(revived.trainable_weights) == len(encoder.trainable_weights)
    assert_equal(revived(inputs), encoder(inputs))


@pytest.mark.large
def test_keras_file_holds_tasks_that_were_added(
    make_backbone, make_inputs, scramble, tmp_path
):
    encoder = AdaptedBackbone(make_backbone(), tf_adapters.Houlsby(4))
    encoder.add_tasks(1)
    scramble(encoder.trainable_weights)
    encoder.save(tmp_path / "encoder.keras")
    revived = keras.models.load_model(tmp_path / "encoder.keras")
    inputs = make_inputs(num_tasks=2)
    assert_equal(revived(inputs), encoder(inputs))


def test_task_added_to_a_loaded_encoder_starts_from_the_pretrained_norms(
    make_backbone, make_inputs, scramble, tmp_path
):
    backbone, inputs = make_backbone(), make_inputs()
    encoder = AdaptedBackbone(backbone, tf_adapters.LayerNormOnly())
    scramble(encoder.trainable_weights)
    encoder.save(tmp_path / "encoder.keras")
    revived = keras.models.load_model(tmp_path / "encoder.keras")
    revived.add_tasks(1)
    expected = stock_outputs(backbone, inputs)
    assert_equal(revived({**inputs, "task_ids": np.int32(1)}), expected)


def test_bfloat16_backbone_gets_bfloat16_adapters(make_backbone, make_inputs):
    backbone = make_backbone(dtype="mixed_bfloat16")
    encoder = AdaptedBackbone(backbone, tf_adapters.Houlsby(4))
    for layer in encoder.task_layers().values():
        assert layer.compute_dtype == "bfloat16"
        assert {bank.dtype for bank in layer.banks.values()} == {"float32"}
    assert encoder(make_inputs())["sequence_output"].dtype == "bfloat16"


def test_two_methods_may_be_tried_on_one_backbone(make_backbone, make_inputs):
    backbone, inputs = make_backbone(), make_inputs()
    expected = stock_outputs(backbone, inputs)
    AdaptedBackbone(backbone, tf_adapters.Houlsby(4))
    encoder = AdaptedBackbone(backbone, tf_adapters.FullFineTuning())
    assert_equal(encoder(inputs), expected)
    assert len(encoder.trainable_weights) == len(encoder.pretrained_weights())

"""An encoder whose slots hold, for a while, what is needed to serve them."""

import numpy as np
import pytest

import tf_adapters
from tests.method_table import METHODS
from tests.rounding import ROUNDING
from tests.rounding import assert_same_to_rounding
from tf_adapters import AdaptedBackbone
from tf_adapters.layers import BottleneckAdapter
from tf_adapters.layers import FoldedAdapter
from tf_adapters.methods.method import PROJECTION_SLOTS

KEYS = ("sequence_output", "pooled_output")


@pytest.fixture
def make_encoder(make_backbone, scramble):
    def make_encoder(name="compacter"):
        encoder = AdaptedBackbone(make_backbone(), METHODS[name](), num_tasks=3)
        scramble(encoder.trainable_weights)
        return encoder

    return make_encoder


def stand_ins(encoder):
    return [layer.stand_ins.of_slot for layer in encoder.transformer_layers]


def values(encoder):
    return [np.array(weight) for weight in encoder.weights]


def silence(layer):
    """Makes an adapter the identity."""
    for name, bank in layer.banks.items():
        if name in ("up", "up_left", "up_factors", "up_bias"):
            bank.assign(np.zeros(bank.shape))


@pytest.mark.parametrize(
    "name",
    [
        "compacter",
        "houlsby",
        pytest.param("phm_adapter", marks=pytest.mark.large),
        pytest.param("low_rank_adapter", marks=pytest.mark.large),
    ],
)
def test_it_computes_the_same(make_encoder, make_inputs, name):
    encoder, inputs = make_encoder(name), make_inputs(num_tasks=3)
    before, weights = values(encoder), [id(w) for w in encoder.weights]
    expected = encoder(inputs)
    with encoder.baked():
        outputs = encoder(inputs)
        assert [id(w) for w in encoder.weights] == weights
        for slots in stand_ins(encoder):
            assert set(slots) == {"attention", "feedforward"}
            assert {type(layer) for layer in slots.values()} == {
                BottleneckAdapter
            }
    after = encoder(inputs)
    for key in KEYS:
        np.testing.assert_allclose(outputs[key], expected[key], atol=ROUNDING)
        np.testing.assert_array_equal(after[key], expected[key])
    assert [id(w) for w in encoder.weights] == weights
    for old, new in zip(before, values(encoder), strict=True):
        np.testing.assert_array_equal(old, new)


def test_stand_ins_and_not_the_slots_are_called(make_encoder, make_inputs):
    encoder, inputs = make_encoder(), make_inputs(num_tasks=3)
    expected = encoder(inputs)["sequence_output"]
    with encoder.baked():
        for layer in encoder.task_layers().values():
            silence(layer)
        outputs = encoder(inputs)["sequence_output"]
    np.testing.assert_allclose(outputs, expected, atol=ROUNDING)
    silent = encoder(inputs)["sequence_output"]
    assert not np.allclose(silent, expected, atol=1e-2)


@pytest.mark.parametrize(
    "name, dropped",
    [
        ("compacter", (0,)),
        pytest.param("compacter", {0, 1}, marks=pytest.mark.large),
        pytest.param("houlsby", [1], marks=pytest.mark.large),
    ],
)
def test_dropped_layers_have_no_adapters(
    make_encoder, make_inputs, name, dropped
):
    encoder, inputs = make_encoder(name), make_inputs(num_tasks=3)
    whole = encoder(inputs)
    with encoder.baked(dropped):
        outputs = encoder(inputs)
    for prefix, layer in encoder.task_layers().items():
        of_dropped = any(prefix.startswith(f"layer.{i}.") for i in dropped)
        if of_dropped and prefix.endswith(".adapter"):
            silence(layer)
    expected = encoder(inputs)
    for key in KEYS:
        np.testing.assert_allclose(outputs[key], expected[key], atol=ROUNDING)
        assert not np.allclose(outputs[key], whole[key], atol=1e-2)


@pytest.mark.large
@pytest.mark.parametrize("name", ["pals", "pals_lhuc"])
def test_slots_of_other_kinds_are_dropped(
    make_backbone, make_inputs, scramble, name
):
    # One adds to the second sum of a layer, one scales its output. Without
    # them the stock backbone is left, which they train.
    stock, inputs = make_backbone(), make_inputs(num_tasks=3)
    encoder = AdaptedBackbone(stock, METHODS[name](), num_tasks=3)
    scramble(encoder.trainable_weights)
    names = ("token_ids", "segment_ids", "padding_mask")
    expected = stock({name: inputs[name] for name in names})
    with encoder.baked((0, 1)):
        outputs = encoder(inputs)
    for key in KEYS:
        assert_same_to_rounding(outputs[key], expected[key])


def test_an_error_leaves_the_slots_as_they_were(make_encoder, monkeypatch):
    encoder = make_encoder()
    with pytest.raises(KeyError, match="inside"):
        with encoder.baked((1,)):
            raise KeyError("inside")
    assert stand_ins(encoder) == [{}, {}]

    def fail():
        raise MemoryError("of one layer")

    last = encoder.transformer_layers[1].feedforward_adapter
    monkeypatch.setattr(last, "baked", fail)
    with pytest.raises(MemoryError, match="of one layer"):
        with encoder.baked((0,)):
            pass
    assert stand_ins(encoder) == [{}, {}]


def test_layers_that_do_not_exist_are_refused(make_encoder):
    encoder = make_encoder("houlsby")
    for dropped, received in (((2,), "2"), ((-1,), "-1"), ((0, 7, 5), "7, 5")):
        message = f"`dropped_layers`.*from 0 to 1. Received: {received}"
        with pytest.raises(ValueError, match=message):
            with encoder.baked(dropped):
                pass
        assert stand_ins(encoder) == [{}, {}]


def test_layers_with_nothing_to_drop_are_refused(make_backbone):
    method = tf_adapters.LayerNormOnly()
    encoder = AdaptedBackbone(make_backbone(), method)
    with pytest.raises(ValueError, match="Received: 0, 1, in which LayerN"):
        with encoder.baked({1, 0}):
            pass
    # Of these, one has adapters.
    method = tf_adapters.AdapterDrop(dropped_layers=1)
    encoder = AdaptedBackbone(make_backbone(), method)
    with encoder.baked((0, 1)):
        pass


def test_empty_slots_stay_empty(make_backbone, make_inputs):
    encoder, inputs = AdaptedBackbone(make_backbone()), make_inputs()
    expected = encoder(inputs)["sequence_output"]
    with encoder.baked():
        assert stand_ins(encoder) == [{}, {}]
        outputs = encoder(inputs)["sequence_output"]
    np.testing.assert_array_equal(outputs, expected)


@pytest.mark.parametrize(
    "name",
    [
        "hyperformer_plus_plus",
        pytest.param("hyperformer", marks=pytest.mark.large),
        pytest.param("hyperformer_shared", marks=pytest.mark.large),
    ],
)
def test_hypernetworks_are_baked_away(make_encoder, make_inputs, name):
    encoder, inputs = make_encoder(name), make_inputs(num_tasks=3)
    expected = encoder(inputs)
    with encoder.baked():
        for slots in stand_ins(encoder):
            assert set(slots) == {"attention", "feedforward"}
            for layer in slots.values():
                assert type(layer) is FoldedAdapter
                assert layer.num_tasks == 3
        # Neither the embeddings nor what reads them are called any more.
        for layer in encoder.shared_layers.values():
            for weight in layer.weights:
                weight.assign(np.full(weight.shape, np.nan))
        outputs = encoder(inputs)
    for key in KEYS:
        np.testing.assert_allclose(outputs[key], expected[key], atol=ROUNDING)


@pytest.mark.parametrize(
    "targets",
    [
        ("intermediate",),
        *(
            pytest.param((slot,), marks=pytest.mark.large)
            for slot in PROJECTION_SLOTS
            if slot != "intermediate"
        ),
    ],
)
def test_update_of_one_task_is_merged(
    make_backbone, make_inputs, scramble, targets
):
    method = tf_adapters.LoRA(2, targets=targets)
    stock, inputs = make_backbone(num_layers=1), make_inputs()
    encoder = AdaptedBackbone(stock, method)
    empty = encoder(inputs)
    scramble(encoder.trainable_weights)
    expected = encoder(inputs)
    with encoder.baked():
        layer = encoder.transformer_layers[0]
        assert layer.stand_ins.of_slot == dict.fromkeys(targets)
        assert set(layer.stand_ins.of_dense) == set(targets)
        # The update is not called any more.
        update = layer.adapters[targets[0]]
        trained = np.array(update.b)
        update.b.assign(np.full(update.b.shape, np.nan))
        outputs = encoder(inputs)
    for key in KEYS:
        np.testing.assert_allclose(outputs[key], expected[key], atol=ROUNDING)
        assert not np.allclose(outputs[key], empty[key], atol=1e-2)
    assert layer.stand_ins.of_dense == {}
    update.b.assign(trained)
    after = encoder(inputs)
    for key in KEYS:
        np.testing.assert_array_equal(after[key], expected[key])


def test_updates_of_all_denses_are_merged(make_backbone, make_inputs, scramble):
    method = tf_adapters.LoRA(2, targets=PROJECTION_SLOTS)
    encoder, inputs = AdaptedBackbone(make_backbone(), method), make_inputs()
    scramble(encoder.trainable_weights)
    expected, before = encoder(inputs), values(encoder)
    with encoder.baked():
        outputs = encoder(inputs)
    for key in KEYS:
        np.testing.assert_allclose(outputs[key], expected[key], atol=ROUNDING)
    for old, new in zip(before, values(encoder), strict=True):
        np.testing.assert_array_equal(old, new)


def test_updates_of_dropped_layers_are_not_merged(
    make_backbone, make_inputs, scramble
):
    method = tf_adapters.LoRA(2, targets=PROJECTION_SLOTS)
    stock, inputs = make_backbone(), make_inputs()
    names = ("token_ids", "segment_ids", "padding_mask")
    expected = stock({name: inputs[name] for name in names})
    encoder = AdaptedBackbone(stock, method)
    scramble(encoder.trainable_weights)
    with encoder.baked((0, 1)):
        outputs = encoder(inputs)
    for key in KEYS:
        assert_same_to_rounding(outputs[key], expected[key])


@pytest.mark.parametrize(
    "name", ["lora", pytest.param("lora_everywhere", marks=pytest.mark.large)]
)
def test_updates_of_several_tasks_stay(make_encoder, make_inputs, name):
    encoder, inputs = make_encoder(name), make_inputs(num_tasks=3)
    expected = encoder(inputs)
    with encoder.baked():
        for layer in encoder.transformer_layers:
            assert layer.stand_ins.of_dense == {}
            for slot, stand_in in layer.stand_ins.of_slot.items():
                assert stand_in is layer.adapters[slot]
        outputs = encoder(inputs)
    for key in KEYS:
        np.testing.assert_array_equal(outputs[key], expected[key])

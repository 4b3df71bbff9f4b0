"""Compacter and the adapters it is compared with."""

import keras
import pytest

import tf_adapters
from tf_adapters import AdaptedBackbone
from tf_adapters.layers.activation import gelu_exact
from tf_adapters.methods.method import LAYER_SLOTS
from tf_adapters.methods.method import EncoderShape

SHAPE = EncoderShape(
    num_layers=3,
    hidden_dim=12,
    intermediate_dim=20,
    num_heads=2,
    num_tasks=3,
    dtype="mixed_bfloat16",
)


def filled(method):
    """The layers that a method makes for the third layer, by slot."""
    shared = method.shared_layers(SHAPE)
    slots = (*LAYER_SLOTS, "embedding", "top")
    made = {slot: method.slot_layer(slot, 2, SHAPE, shared) for slot in slots}
    return {slot: layer for slot, layer in made.items() if layer is not None}


@pytest.mark.parametrize(
    "cls, slots, shares",
    [
        (tf_adapters.Compacter, {"attention", "feedforward"}, True),
        (tf_adapters.CompacterPlusPlus, {"feedforward"}, True),
        (tf_adapters.PHMAdapter, {"attention", "feedforward"}, False),
    ],
)
def test_adapters_are_made_as_the_arguments_say(cls, slots, shares):
    method = cls(
        6,
        phm_dim=3,
        learn_rule=False,
        factorize_rule=True,
        activation="gelu_exact",
    )
    made = filled(method)
    assert set(made) == slots
    assert len({id(layer.rule_layer) for layer in made.values()}) == 1
    for layer in made.values():
        assert (layer.bottleneck_dim, layer.phm_dim) == (6, 3)
        assert layer.rank == (1 if shares else None)
        assert not layer.learn_rule and layer.factorize_rule
        assert layer.activation is gelu_exact
        assert layer.num_tasks == 3
        assert layer.compute_dtype == "bfloat16"
        rule = layer.rule_layer
        assert (rule is not None) == shares
        if shares:
            assert (rule.phm_dim, rule.num_tasks) == (3, 3)
            assert rule.factorize and not rule.learn
            assert rule.compute_dtype == "bfloat16"


def test_low_rank_adapters_are_made_as_the_arguments_say():
    made = filled(tf_adapters.LowRankAdapter(6, 2, "relu"))
    assert set(made) == {"attention", "feedforward"}
    for layer in made.values():
        config = layer.get_config()
        assert (layer.bottleneck_dim, layer.rank) == (6, 2)
        assert (config["activation"], layer.num_tasks) == ("relu", 3)
        assert layer.compute_dtype == "bfloat16"


def test_defaults_are_those_of_the_paper_for_bert():
    expected = {
        "bottleneck_dim": 24,
        "phm_dim": 4,
        "rank": 1,
        "learn_rule": True,
        "factorize_rule": False,
        "activation": "gelu_approximate",
    }
    assert tf_adapters.Compacter().get_config() == expected
    assert tf_adapters.CompacterPlusPlus().get_config() == expected
    del expected["rank"]
    expected["phm_dim"] = 12
    assert tf_adapters.PHMAdapter().get_config() == expected
    expected = {
        "bottleneck_dim": 24,
        "rank": 1,
        "activation": "gelu_approximate",
    }
    assert tf_adapters.LowRankAdapter().get_config() == expected


@pytest.mark.parametrize(
    "method",
    [
        tf_adapters.Compacter(6, 3, 2, False, True, "relu"),
        tf_adapters.Compacter(6, 3, None),
        tf_adapters.CompacterPlusPlus(6, 3, 2, False, True, "relu"),
        tf_adapters.PHMAdapter(6, 3, False, True, "relu"),
        tf_adapters.LowRankAdapter(6, 2, "relu"),
    ],
    ids=repr,
)
def test_method_comes_back_from_its_config(method):
    config = method.get_config()
    assert config != type(method)().get_config()
    serialized = keras.saving.serialize_keras_object(method)
    revived = keras.saving.deserialize_keras_object(serialized)
    assert type(revived) is type(method)
    assert vars(revived) == vars(method)
    assert revived.get_config() == config


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: tf_adapters.Compacter(6), "phm_dim=4 for bottleneck_dim=6"),
        (lambda: tf_adapters.Compacter(0), "bottleneck_dim=0"),
        (lambda: tf_adapters.Compacter(phm_dim=0), "phm_dim=0"),
        (lambda: tf_adapters.Compacter(rank=0), "`rank` must.*rank=0"),
        (lambda: tf_adapters.Compacter(activation="gleu"), "gleu"),
        (lambda: tf_adapters.CompacterPlusPlus(6), "bottleneck_dim=6"),
        (lambda: tf_adapters.PHMAdapter(16), "phm_dim=12 for bottleneck_dim=1"),
        (lambda: tf_adapters.LowRankAdapter(0), "bottleneck_dim=0"),
        (lambda: tf_adapters.LowRankAdapter(rank=0), "`rank` must.*rank=0"),
        (lambda: tf_adapters.LowRankAdapter(activation="gleu"), "gleu"),
    ],
)
def test_bad_arguments_are_refused_at_once(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_encoder_of_a_width_that_does_not_divide_is_refused(make_backbone):
    method = tf_adapters.Compacter(6, phm_dim=3)
    with pytest.raises(ValueError, match="phm_dim=3 for input_dim=16"):
        AdaptedBackbone(make_backbone(), method)

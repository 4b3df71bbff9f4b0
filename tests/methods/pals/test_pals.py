import pytest

import tf_adapters
from tf_adapters.layers.activation import gelu_exact
from tf_adapters.methods.method import LAYER_SLOTS
from tf_adapters.methods.method import EncoderShape

SHAPE = EncoderShape(
    num_layers=3,
    hidden_dim=12,
    intermediate_dim=20,
    num_heads=2,
    num_tasks=3,
    dropout=0.3,
    dtype="mixed_bfloat16",
)


@pytest.mark.parametrize(
    "layers, num_layers, adapted",
    [
        ("all", 3, [0, 1, 2]),
        ("top", 4, [2, 3]),
        ("bottom", 4, [0, 1]),
        # The layer in the middle belongs to neither half.
        ("top", 5, [3, 4]),
        ("bottom", 5, [0, 1]),
        ("top", 12, [6, 7, 8, 9, 10, 11]),
    ],
)
def test_half_of_the_layers_is_adapted(layers, num_layers, adapted):
    method = tf_adapters.PALs(4, num_heads=2, layers=layers)
    shape = EncoderShape(num_layers, 8, 16, 2)
    found = [
        i
        for i in range(num_layers)
        if method.slot_layer("parallel", i, shape, {})
    ]
    assert found == adapted


def filled(method):
    """The layers that a method makes for the third layer, by slot."""
    shared = method.shared_layers(SHAPE)
    slots = (*LAYER_SLOTS, "embedding", "top")
    made = {slot: method.slot_layer(slot, 2, SHAPE, shared) for slot in slots}
    return {slot: layer for slot, layer in made.items() if layer is not None}


def test_attention_is_made_as_the_arguments_say():
    method = tf_adapters.PALs(6, num_heads=3, activation="relu")
    made = filled(method)
    assert set(made) == {"parallel"}
    config = made["parallel"].get_config()
    assert config["projections"]["num_tasks"] == config["num_tasks"] == 3
    assert made["parallel"].dropout.rate == 0.3
    assert made["parallel"].projections.compute_dtype == "bfloat16"
    for name in ("dim", "num_heads", "activation"):
        assert config[name] == getattr(method, name)
    alone = tf_adapters.PALs(6, num_heads=3, share_projections=False)
    assert filled(alone)["parallel"].projections is None


def test_other_layers_are_made_as_the_arguments_say():
    made = filled(tf_adapters.PALsFeedForward(6, 5))
    assert set(made) == {"parallel"}
    assert made["parallel"].intermediate_dim == 5
    assert made["parallel"].projections.dim == made["parallel"].dim == 6
    made = filled(tf_adapters.PALsLowRank(6, activation="relu"))
    assert set(made) == {"parallel"} and not made["parallel"].residual
    assert made["parallel"].get_config()["activation"] == "relu"
    made = filled(tf_adapters.PALsHoulsby(6))
    assert {slot: layer.residual for slot, layer in made.items()} == {
        "attention": True,
        "parallel_feedforward": False,
    }
    made = filled(tf_adapters.PALsTopAttention(6, 2, 3))
    assert set(made) == {"top"} and made["top"].dropout.rate == 0.3
    assert (made["top"].num_blocks, made["top"].num_heads) == (2, 3)
    made = filled(tf_adapters.PALsTopLayer())
    assert set(made) == {"top"} and made["top"].dropout.rate == 0.3
    assert (made["top"].num_heads, made["top"].intermediate_dim) == (2, 20)
    assert made["top"].activation is gelu_exact
    assert set(filled(tf_adapters.PALsLHUC())) == {"output"}
    assert filled(tf_adapters.SharedEncoder()) == {}


@pytest.mark.parametrize(
    "method",
    [
        tf_adapters.SharedEncoder(freeze=True),
        tf_adapters.PALs(6, 3, False, "top", "linear", True),
        tf_adapters.PALsFeedForward(4, 5, True),
        tf_adapters.PALsLowRank(4, "relu", True),
        tf_adapters.PALsHoulsby(4, "linear", True),
        tf_adapters.PALsTopAttention(6, 2, 3, True),
        tf_adapters.PALsTopLayer(freeze=True),
        tf_adapters.PALsLHUC(freeze=True),
    ],
    ids=repr,
)
def test_method_comes_back_from_its_config(method):
    config = method.get_config()
    revived = type(method).from_config(config)
    assert revived.get_config() == config != type(method)().get_config()
    assert vars(revived) == vars(method)
    assert not revived.trains("pooler", SHAPE)


def test_defaults_are_those_of_the_paper_and_its_code():
    assert tf_adapters.PALs().get_config() == {
        "dim": 204,
        "num_heads": 12,
        "share_projections": True,
        "layers": "all",
        "activation": "gelu_exact",
        "freeze": False,
    }
    for method, dim in (
        (tf_adapters.PALsLowRank(), 100),
        (tf_adapters.PALsHoulsby(), 50),
    ):
        expected = {"dim": dim, "activation": "gelu_exact", "freeze": False}
        assert method.get_config() == expected


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: tf_adapters.PALs(10), "dim=10, num_heads=12"),
        (lambda: tf_adapters.PALs(4, num_heads=0), "num_heads=0"),
        (
            lambda: tf_adapters.PALs(layers="middle"),
            "`layers` must be one of all, top, bottom.*layers='middle'",
        ),
        (lambda: tf_adapters.PALs(activation="gleu"), "gleu"),
        (lambda: tf_adapters.PALsFeedForward(0), "dim=0"),
        (lambda: tf_adapters.PALsFeedForward(4, 0), "intermediate_dim=0"),
        (lambda: tf_adapters.PALsLowRank(0), "dim=0"),
        (lambda: tf_adapters.PALsLowRank(activation="gleu"), "gleu"),
        (lambda: tf_adapters.PALsHoulsby(-1), "dim=-1"),
        (lambda: tf_adapters.PALsTopAttention(10), "dim=10, num_heads=12"),
        (lambda: tf_adapters.PALsTopAttention(num_blocks=0), "num_blocks=0"),
    ],
)
def test_bad_arguments_are_refused_at_once(make, message):
    with pytest.raises(ValueError, match=message):
        make()

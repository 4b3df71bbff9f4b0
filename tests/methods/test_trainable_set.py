import pytest

import tf_adapters

ADAPTER = ("down", "down_bias", "up", "up_bias")
NORM = ("gamma", "beta")
HEAD = {"head.kernel", "head.bias"}


def banks(slots, norms):
    """The names of the banks of two layers, written out."""
    names = {f"embedding.norm.{w}" for w in NORM} if norms else set()
    for i in range(2):
        names |= {
            f"layer.{i}.{slot}.adapter.{w}" for slot in slots for w in ADAPTER
        }
        if norms:
            names |= {
                f"layer.{i}.{sublayer}.norm.{w}"
                for sublayer in ("attention", "feedforward")
                for w in NORM
            }
    return names | HEAD


BANKS = {
    "houlsby": (
        tf_adapters.Houlsby(4),
        banks(("attention", "feedforward"), norms=True),
    ),
    "pfeiffer_feedforward": (
        tf_adapters.Pfeiffer(bottleneck_dim=4),
        banks(("feedforward",), norms=True),
    ),
    "pfeiffer_attention": (
        tf_adapters.Pfeiffer(4, slot="attention"),
        banks(("attention",), norms=True),
    ),
    "layer_norm_only": (tf_adapters.LayerNormOnly(), banks((), norms=True)),
    "empty": (tf_adapters.Method(), banks((), norms=False)),
}


def ids(weights):
    return {id(w) for w in weights if "seed" not in w.path}


@pytest.mark.parametrize("name", BANKS)
def test_exactly_the_named_banks_are_trained(make_model, name):
    method, expected = BANKS[name]
    model = make_model(method)
    assert set(model.banks()) == expected
    assert ids(model.trainable_weights) == ids(model.banks().values())
    # The pooler and the pretrained norms among them.
    assert not any(w.trainable for w in model.encoder.pretrained_weights())


def test_full_fine_tuning_trains_every_pretrained_weight_and_the_heads(
    make_model, make_backbone
):
    backbone = make_backbone()
    model = make_model(tf_adapters.FullFineTuning(), backbone=backbone)
    assert set(model.banks()) == HEAD
    expected = ids(backbone.weights) | ids(model.heads.banks.values())
    assert ids(model.trainable_weights) == expected


@pytest.mark.parametrize("num_layers", [0, 1, 2])
def test_last_layers_train_from_the_top_with_pooler_and_heads(
    make_model, make_backbone, num_layers
):
    backbone = make_backbone()
    model = make_model(tf_adapters.LastLayers(num_layers), backbone=backbone)
    expected = ids(backbone.pooled_dense.weights)
    expected |= ids(model.heads.banks.values())
    for layer in backbone.transformer_layers[2 - num_layers :]:
        expected |= ids(layer.weights)
    assert ids(model.trainable_weights) == expected


def test_shared_layer_norms_are_trained_in_place(make_model, make_backbone):
    class Shared(tf_adapters.Method):
        layer_norms = "shared"

    backbone = make_backbone()
    model = make_model(Shared(), backbone=backbone)
    norms = [backbone.embeddings_layer_norm]
    for layer in backbone.transformer_layers:
        norms += [
            layer._self_attention_layer_norm,
            layer._feedforward_layer_norm,
        ]
    expected = ids(w for norm in norms for w in norm.weights)
    assert len(expected) == 2 * (2 * 2 + 1)
    expected |= ids(model.heads.banks.values())
    assert ids(model.trainable_weights) == expected


def test_private_norms_of_a_trained_layer_leave_the_pretrained_ones_frozen(
    make_model,
):
    class Private(tf_adapters.FullFineTuning):
        layer_norms = "private"

    model = make_model(Private())
    assert not any(w.trainable for w in model.encoder.pretrained_norms())
    others = ids(model.encoder.pretrained_weights())
    others -= ids(model.encoder.pretrained_norms())
    expected = others | ids(model.banks().values())
    assert ids(model.trainable_weights) == expected


@pytest.mark.parametrize("name", BANKS)
def test_backbone_that_was_frozen_before_makes_no_difference(
    make_model, make_backbone, name
):
    method, expected = BANKS[name]
    backbone = make_backbone()
    backbone.trainable = False
    model = make_model(method, backbone=backbone)
    assert ids(model.trainable_weights) == ids(model.banks().values())
    assert set(model.banks()) == expected


def test_backbone_that_was_frozen_before_is_freed_for_fine_tuning(
    make_model, make_backbone
):
    backbone = make_backbone()
    backbone.trainable = False
    model = make_model(tf_adapters.FullFineTuning(), backbone=backbone)
    expected = ids(backbone.weights) | ids(model.heads.banks.values())
    assert ids(model.trainable_weights) == expected

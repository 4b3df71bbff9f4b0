import pytest

import tf_adapters
from tf_adapters import AdaptedBackbone
from tf_adapters.methods.method import LAYER_SLOTS
from tf_adapters.methods.method import EncoderShape


def adapters_of(encoder):
    names = encoder.task_layers()
    return [name for name in names if name.endswith(".adapter")]


def test_first_layers_have_norms_and_no_adapters(make_backbone):
    method = tf_adapters.AdapterDrop(4, dropped_layers=2)
    encoder = AdaptedBackbone(make_backbone(num_layers=3), method)
    assert adapters_of(encoder) == [
        "layer.2.attention.adapter",
        "layer.2.feedforward.adapter",
    ]
    norms = [name for name in encoder.task_layers() if name.endswith(".norm")]
    assert len(norms) == 1 + 2 * 3


def made(method, num_layers=3):
    shape = EncoderShape(num_layers, 8, 16, 2)
    layers = {
        (slot, i): method.slot_layer(slot, i, shape, {})
        for slot in LAYER_SLOTS
        for i in range(num_layers)
    }
    return {k: v.get_config() for k, v in layers.items() if v is not None}


def test_what_is_left_is_houlsby():
    houlsby = made(tf_adapters.Houlsby(4))
    assert len(houlsby) == 2 * 3
    assert made(tf_adapters.AdapterDrop(4, dropped_layers=0)) == houlsby
    expected = {k: v for k, v in houlsby.items() if k[1] == 2}
    assert made(tf_adapters.AdapterDrop(4, dropped_layers=2)) == expected


def test_defaults_are_those_of_the_comparison():
    assert tf_adapters.AdapterDrop().get_config() == {
        "dropped_layers": 5,
        "bottleneck_dim": 24,
        "activation": "gelu_approximate",
        "init_stddev": 1e-3,
    }


def test_method_comes_back_from_its_config():
    method = tf_adapters.AdapterDrop(
        4, dropped_layers=1, activation="relu", init_stddev=0.1
    )
    revived = tf_adapters.AdapterDrop.from_config(method.get_config())
    assert vars(revived) == vars(method)


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda: tf_adapters.AdapterDrop(dropped_layers=-1),
            "`dropped_layers` must not be negative.*dropped_layers=-1",
        ),
        (
            lambda: tf_adapters.AdapterDrop(0, dropped_layers=1),
            "bottleneck_dim=0",
        ),
        (
            lambda: tf_adapters.AdapterDrop(4, dropped_layers=1, init_stddev=0),
            "init_stddev=0",
        ),
    ],
)
def test_bad_arguments_are_refused_at_once(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_layer_with_adapters_must_be_left(make_backbone):
    with pytest.raises(
        ValueError, match="dropped_layers=2 for an encoder of 2 layers"
    ):
        AdaptedBackbone(
            make_backbone(), tf_adapters.AdapterDrop(4, dropped_layers=2)
        )
    with pytest.raises(ValueError, match="dropped_layers=5 for.* 3 layers"):
        made(tf_adapters.AdapterDrop(dropped_layers=5))

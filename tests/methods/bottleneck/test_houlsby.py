import numpy as np
import pytest

import tf_adapters
from tf_adapters.layers.activation import gelu_exact
from tf_adapters.methods.method import EncoderShape

SHAPE = EncoderShape(
    num_layers=2,
    hidden_dim=768,
    intermediate_dim=32,
    num_heads=2,
    num_tasks=3,
    dtype="mixed_bfloat16",
)


@pytest.mark.parametrize(
    "method, filled",
    [
        (tf_adapters.Houlsby, {"attention", "feedforward"}),
        (tf_adapters.Pfeiffer, {"feedforward"}),
        (
            lambda **kw: tf_adapters.Pfeiffer(slot="attention", **kw),
            {"attention"},
        ),
    ],
)
def test_adapters_are_made_as_the_arguments_say(method, filled):
    method = method(bottleneck_dim=64, activation="gelu_exact", init_stddev=0.1)
    for slot in ("attention", "feedforward", "parallel", "embedding", "top"):
        adapter = method.slot_layer(slot, 1, SHAPE, {})
        assert (adapter is not None) == (slot in filled)
        if adapter is None:
            continue
        adapter.build((None, None, 768))
        assert adapter.bottleneck_dim == 64
        assert adapter.activation is gelu_exact
        assert adapter.num_tasks == 3
        assert adapter.compute_dtype == "bfloat16"
        # 0.8796 of 0.1 is left after the cut; see the test of the layer.
        np.testing.assert_allclose(np.std(adapter.down), 0.08796, rtol=0.02)


def test_defaults_are_those_of_the_authors_code():
    assert tf_adapters.Houlsby().get_config() == {
        "bottleneck_dim": 64,
        "activation": "gelu_approximate",
        "init_stddev": 1e-3,
    }


@pytest.mark.parametrize(
    "method",
    [
        tf_adapters.Houlsby(8, "relu", 0.02),
        tf_adapters.Pfeiffer(8, slot="attention", init_stddev=0.02),
    ],
    ids=repr,
)
def test_method_comes_back_from_its_config(method):
    revived = type(method).from_config(method.get_config())
    assert repr(revived) == repr(method)
    assert revived.slots == method.slots

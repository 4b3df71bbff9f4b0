import numpy as np
import pytest

import tf_adapters


@pytest.fixture
def encoder(make_backbone):
    return tf_adapters.AdaptedBackbone(make_backbone(), tf_adapters.Houlsby(4))


def test_it_sees_what_each_layer_reads_and_returns(encoder, make_inputs):
    inputs, seen = make_inputs(), {}
    before = encoder(inputs)["sequence_output"]
    with encoder.observed(lambda name, *what: seen.update({name: what})):
        during = encoder(inputs)["sequence_output"]
    np.testing.assert_array_equal(during, before)
    layers = encoder.slot_layers()
    assert set(seen) == set(layers)
    for name, (read, returned) in seen.items():
        np.testing.assert_array_equal(returned, layers[name](read))
    # Nobody looks any more.
    seen.clear()
    encoder(inputs)
    assert not seen


def test_an_error_ends_it(encoder, make_inputs):
    def refuse(*_):
        raise KeyError

    with pytest.raises(KeyError), encoder.observed(refuse):
        encoder(make_inputs())
    encoder(make_inputs())

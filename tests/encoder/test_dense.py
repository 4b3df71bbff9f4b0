import keras
import numpy as np
import pytest

from tests.rounding import assert_same_to_rounding
from tf_adapters.encoder.dense import apply_dense
from tf_adapters.encoder.dense import joined

X = np.random.default_rng(0).normal(size=(2, 3, 8)).astype("float32")


def per_head(scramble, units=(2, 4), seed=0):
    """A projection to heads, as KerasNLP's attention makes it."""
    dense = keras.layers.EinsumDense(
        "abc,cde->abde", output_shape=(None, *units), bias_axes="de"
    )
    dense.build(X.shape)
    scramble(dense.weights, seed=seed)
    return dense


def test_a_layer_is_multiplied_by_its_weights(scramble):
    dense = keras.layers.Dense(4, activation="relu")
    dense.build(X.shape)
    scramble(dense.weights)
    added = np.full((2, 3, 4), 0.25, "float32")
    kernel, bias = joined([dense], 8, "float32", [1])
    inner = X @ dense.kernel.numpy() + dense.bias.numpy()
    assert_same_to_rounding(apply_dense(kernel, bias, X), inner)
    found = apply_dense(kernel, bias, X, keras.activations.relu, added)
    assert_same_to_rounding(found, np.maximum(inner + added, 0))


def test_projections_to_heads_side_by_side(scramble):
    denses = [per_head(scramble, seed=i) for i in range(3)]
    kernel, bias = joined(denses, 8, "float32", [0.5, 1, 1])
    assert (kernel.shape, bias.shape) == ((8, 24), (24,))
    found = (X @ np.array(kernel) + np.array(bias)).reshape(2, 3, 3, 2, 4)
    for i, dense in enumerate(denses):
        scale = 0.5 if i == 0 else 1
        assert_same_to_rounding(found[:, :, i], scale * dense(X))


def test_quantized_weights_are_refused(make_backbone, make_inputs):
    from tf_adapters import AdaptedBackbone

    encoder = AdaptedBackbone(make_backbone())
    dense = encoder.transformer_layers[1]._feedforward_output_dense
    dense.quantize("int8")
    with pytest.raises(ValueError, match="quantized to 'int8'"):
        encoder(make_inputs())

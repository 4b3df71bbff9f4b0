import keras
import numpy as np

from tf_adapters.encoder.served.int8 import quantized
from tf_adapters.encoder.served.int8 import quantized_embedding
from tf_adapters.encoder.served.int8 import restored


def test_a_kernel_by_hand():
    kernel = np.array([[1.0, -254.0], [-0.4, 3.2], [0.004, 0.0]], "float32")
    values, step = quantized(kernel)
    # The largest of a column is 127 steps: steps of 1/127 and of 2.
    np.testing.assert_array_equal(values, [[127, -127], [-51, 2], [1, 0]])
    np.testing.assert_allclose(step, [[1 / 127, 2.0]], rtol=1e-6)
    np.testing.assert_allclose(
        restored(values, step, "float32"),
        [[1, -254], [-51 / 127, 4], [1 / 127, 0]],
        rtol=1e-6,
    )


def test_every_number_is_within_half_a_step():
    kernel = np.random.default_rng(0).normal(size=(50, 7)).astype("float32")
    values, step = quantized(kernel)
    error = np.abs(restored(values, step, "float32") - kernel)
    half = np.abs(kernel).max(axis=0) / 127 / 2
    assert (error <= 1.01 * half).all()
    assert error.max() > 0.5 * half.max()


def test_embeddings_are_near_what_they_were(make_backbone, make_inputs):
    backbone = make_backbone()
    norm = backbone.get_layer("embeddings_layer_norm")
    inputs = {k: v for k, v in backbone.input.items() if k != "padding_mask"}
    embedding = keras.Model(inputs, norm.input)
    batch = {k: v for k, v in make_inputs().items() if k in inputs}
    before = [np.array(weight) for weight in embedding.weights]
    short = quantized_embedding(embedding)
    expected, found = np.array(embedding(batch)), np.array(short(batch))
    largest = max(np.abs(weight).max() for weight in before)
    # Two tables are rounded.
    assert 0 < np.abs(found - expected).max() < 2 * 1.01 * largest / 127 / 2
    kinds = sorted(str(weight.dtype) for weight in short.weights)
    assert kinds.count("int8") == 2
    for weight, value in zip(embedding.weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)

import keras
import numpy as np
import pytest

from tf_adapters.layers.banks.stacked import Stacked


def distinct(values):
    """How many of `values` there are, if none is there twice."""
    return len(np.unique(values)) == np.size(values)


def test_rows_are_drawn_independently_at_every_call():
    stacked = Stacked(keras.initializers.RandomNormal())
    one, two = np.array(stacked((4, 5))), np.array(stacked((4, 5)))
    assert one.shape == (4, 5)
    assert distinct(np.stack([one, two]))


def test_nested_draws_every_slice_on_its_own():
    # Glorot of (6, 4) reaches sqrt(6 / (6 + 4)) = 0.775. Read as a convolution
    # over 10 slices it would reach sqrt(6 / (10 * 10)), a third of it.
    stacked = Stacked(Stacked(keras.initializers.GlorotUniform()))
    drawn = np.array(stacked((3, 10, 6, 4)))
    assert distinct(drawn)
    bound = np.sqrt(6 / 10)
    assert 0.98 * bound < np.abs(drawn).max() <= bound
    # A uniform draw of this bound: 720 of them say so to 1 / sqrt(5 * 360).
    np.testing.assert_allclose(drawn.std(), bound / np.sqrt(3), rtol=0.07)


def test_only_the_first_axis_is_taken_apart():
    # Fans of (2, 8, 4) by Keras: the first axis is the size of a filter.
    stacked = Stacked(keras.initializers.GlorotUniform())
    drawn = np.array(stacked((40, 2, 8, 4)))
    bound = np.sqrt(6 / (2 * 8 + 2 * 4))
    assert 0.98 * bound < np.abs(drawn).max() <= bound


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_array_is_where_every_row_starts(dtype):
    drawn = Stacked(np.array([3.0, 4.0]))((2, 2), dtype=dtype)
    assert keras.backend.standardize_dtype(drawn.dtype) == dtype
    rows = keras.ops.convert_to_numpy(drawn).astype("float32")
    np.testing.assert_array_equal(rows, [[3, 4], [3, 4]])


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_rows_are_drawn_in_the_dtype_asked_for(dtype):
    drawn = Stacked(keras.initializers.Ones())((2, 3), dtype=dtype)
    assert keras.backend.standardize_dtype(drawn.dtype) == dtype


def test_clone_draws_anew():
    stacked = Stacked(keras.initializers.RandomNormal(stddev=0.1))
    clone = stacked.clone()
    assert clone.initializer.stddev == 0.1
    assert distinct(np.stack([stacked((2, 3)), clone((2, 3))]))


@pytest.mark.parametrize(
    "initializer",
    [
        keras.initializers.Constant(3.0),
        Stacked(keras.initializers.Constant(3.0)),
        np.full((2, 2), 3.0),
    ],
    ids=["initializer", "stacked", "array"],
)
def test_config_makes_the_initializer_again(initializer):
    config = keras.initializers.serialize(Stacked(initializer))
    revived = keras.initializers.deserialize(config)
    assert keras.initializers.serialize(revived) == config
    np.testing.assert_array_equal(revived((2, 2, 2)), np.full((2, 2, 2), 3))


@pytest.mark.parametrize(
    "name", ["glorot_uniform", "he_normal", "lecun_uniform", "glorot_normal"]
)
@pytest.mark.parametrize("shape", [(8, 6), (2, 4, 3)])
def test_rows_drawn_at_once_are_as_large_as_one(name, shape):
    initializer = keras.initializers.get(name)
    drawn = np.array(Stacked(initializer)((4000, *shape)))
    one = np.array([initializer.clone()(shape) for _ in range(400)])
    np.testing.assert_allclose(drawn.std(), one.std(), rtol=0.03)
    np.testing.assert_allclose(drawn.max(), one.max(), rtol=0.3)
    assert len(np.unique(drawn[:, 0])) > 0.95 * drawn[:, 0].size


def test_a_seed_draws_all_rows_alike():
    drawn = np.array(Stacked(keras.initializers.RandomNormal(seed=1))((3, 4)))
    np.testing.assert_array_equal(drawn, [drawn[0]] * 3)
    assert distinct(drawn[0])

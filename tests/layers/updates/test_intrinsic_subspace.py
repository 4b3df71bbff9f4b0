import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.numpy_fastfood import matrix
from tests.rounding import ROUNDING
from tf_adapters.layers import IntrinsicSubspace

# Two of one size, not side by side.
SHAPES = [(3, 5), (4,), (2, 2, 2), (5, 3)]


@pytest.fixture
def layer(scramble):
    layer = IntrinsicSubspace(10, seed=4, num_tasks=3)
    layer.build(SHAPES)
    scramble(layer.weights)
    return layer


def expected_updates(layer, task):
    z, scales = (np.array(b[task]) for b in (layer.z, layer.scales))
    return [
        scales[i] * (matrix(6, np.prod(shape), [4, i]) @ z).reshape(shape)
        for i, shape in enumerate(SHAPES)
    ]


def test_a_task_owns_as_many_weights_as_the_dimension(layer):
    assert {k: tuple(v.shape) for k, v in layer.banks.items()} == {
        "z": (3, 6),
        "scales": (3, 4),
    }
    assert len(layer.weights) == len(layer.trainable_weights) == 2


def test_nothing_is_added_at_first():
    layer = IntrinsicSubspace(10, num_tasks=2)
    layer.build(SHAPES)
    np.testing.assert_array_equal(layer.z, np.zeros((2, 6)))
    np.testing.assert_array_equal(layer.scales, np.ones((2, 4)))
    for update, shape in zip(layer.updates(1), SHAPES, strict=True):
        np.testing.assert_array_equal(update, np.zeros(shape))


@pytest.mark.parametrize("task", [0, 2, np.int32(1), tf.constant(1)])
def test_updates_are_projections_of_one_vector(layer, task):
    found = layer.updates(task)
    for a, b in zip(found, expected_updates(layer, int(task)), strict=True):
        np.testing.assert_allclose(a, b, atol=ROUNDING)
        assert np.abs(b).max() > 1e-2


def test_drawing_changes_nothing(layer):
    before = layer.updates(0)
    layer.draw()
    for a, b in zip(layer.updates(0), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_one_task_needs_no_id_and_several_do(layer):
    with pytest.raises(ValueError, match="`task_ids`.*3 tasks"):
        layer.updates()
    one = IntrinsicSubspace(10)
    one.build(SHAPES)
    assert len(one.updates()) == len(one.updates(0)) == 4


def test_gradients_are_those_of_the_formula(layer):
    # d / d scales[i] = <upstream, P_i z>; d / dz = sum of scales P_i^T up.
    rng = np.random.default_rng(0)
    up = [rng.normal(size=shape).astype("float32") for shape in SHAPES]
    with tf.GradientTape() as tape:
        found = layer.updates(1)
        loss = sum(tf.reduce_sum(a * b) for a, b in zip(found, up, strict=True))
    variables = [layer.z.value, layer.scales.value]
    of_z, of_scales = map(tf.convert_to_tensor, tape.gradient(loss, variables))
    z, scales = np.array(layer.z[1]), np.array(layer.scales[1])
    matrices = [matrix(6, u.size, [4, i]) for i, u in enumerate(up)]
    pulled = [m.T @ u.ravel() for m, u in zip(matrices, up, strict=True)]
    np.testing.assert_allclose(
        of_z, np.outer([0, 1, 0], scales @ pulled), atol=ROUNDING
    )
    np.testing.assert_allclose(
        of_scales, np.outer([0, 1, 0], pulled @ z), atol=ROUNDING
    )


def test_added_task_starts_without_an_update(layer):
    before = layer.updates(2)
    layer.add_tasks(1)
    for a, b in zip(layer.updates(2), before, strict=True):
        np.testing.assert_array_equal(a, b)
    for update in layer.updates(3):
        np.testing.assert_array_equal(update, np.zeros(update.shape))


def test_weights_and_updates_are_float32_under_any_policy(layer):
    mixed = IntrinsicSubspace(10, 4, num_tasks=3, dtype="mixed_bfloat16")
    mixed.build(SHAPES)
    mixed.z.assign(layer.z)
    mixed.scales.assign(layer.scales)
    for a, b in zip(mixed.updates(0), layer.updates(0), strict=True):
        assert a.dtype == "float32"
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dim, fits", [(3, False), (4, False), (5, True)])
def test_the_dimension_must_exceed_the_number_of_tensors(dim, fits):
    layer = IntrinsicSubspace(dim)
    if fits:
        layer.build(SHAPES)
        assert layer.z.shape == (1, 1)
        return
    message = rf"dim={dim}, for 4 tensors. Write dim=5 or more"
    with pytest.raises(ValueError, match=message):
        layer.build(SHAPES)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"dim": 0}, "at least 1.*dim=0, seed=0"),
        ({"seed": -1}, "32 bits.*seed=-1"),
        ({"seed": 2**32}, "32 bits.*seed=4294967296"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        IntrinsicSubspace(**arguments)


def test_config_makes_the_layer_again():
    layer = IntrinsicSubspace(12, seed=5, num_tasks=2, name="weight_update")
    config = keras.layers.serialize(layer)
    revived = keras.layers.deserialize(config)
    assert keras.layers.serialize(revived) == config
    assert (revived.dim, revived.seed, revived.num_tasks) == (12, 5, 2)

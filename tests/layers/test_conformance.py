import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.layers.layer_table import LAYERS
from tests.layers.layer_table import NUM_TASKS
from tests.rounding import ROUNDING

TASK_IDS = np.array([0, 1, 2, 0, 1, 2], "int32")


@pytest.fixture(params=LAYERS, ids=str)
def row(request):
    return LAYERS[request.param]


@pytest.fixture
def x(row):
    rng = np.random.default_rng(0)
    return rng.normal(size=row.input_shape).astype("float32")


@pytest.fixture
def layer(row, x, scramble):
    layer = row.make()
    layer(x, task_ids=TASK_IDS)
    scramble(layer.weights)
    return layer


def test_config_makes_the_layer_again(row):
    if not row.serializable:
        pytest.skip("is made by the encoder, out of the layer it replaces")
    config = keras.layers.serialize(row.make())
    revived = keras.layers.serialize(keras.layers.deserialize(config))
    assert revived == config


def test_building_does_not_change_the_config(row, x):
    layer = row.make()
    before = layer.get_config()
    layer(x, task_ids=TASK_IDS)
    assert layer.get_config() == before


def test_output_shape_is_known_without_calling(row, layer, x):
    outputs = layer(x, task_ids=TASK_IDS)
    assert layer.compute_output_shape(row.input_shape) == outputs.shape


def test_every_bank_has_one_row_a_task(layer):
    assert layer.banks
    for own in layer.banks.values():
        assert own.shape[0] == NUM_TASKS


@pytest.mark.usefixtures("either_way")
def test_mixed_batch_equals_each_example_alone(layer, x):
    together = layer(x, task_ids=TASK_IDS)
    for i, task_id in enumerate(TASK_IDS):
        alone = layer(x[i : i + 1], task_ids=TASK_IDS[i : i + 1])
        np.testing.assert_allclose(together[i], alone[0], atol=ROUNDING)
        scalar = layer(x[i : i + 1], task_ids=np.int32(task_id))
        np.testing.assert_allclose(together[i], scalar[0], atol=ROUNDING)


def test_scalar_task_id_serves_the_whole_batch(layer, x):
    one = layer(x, task_ids=np.int32(2))
    each = layer(x, task_ids=np.full(len(x), 2, "int32"))
    np.testing.assert_allclose(one, each, atol=ROUNDING)


def test_tasks_have_weights_of_their_own(layer, x):
    first = layer(x, task_ids=np.int32(0))
    assert not np.allclose(first, layer(x, task_ids=np.int32(1)), atol=1e-2)


def test_task_that_is_missing_is_asked_for(layer, x):
    with pytest.raises(ValueError, match="`task_ids`.*3 tasks"):
        layer(x)


def test_added_task_leaves_the_outputs_of_others_as_they_were(row, layer, x):
    before = layer(x, task_ids=TASK_IDS)
    banks = {name: np.array(bank) for name, bank in layer.banks.items()}
    row.add_task(layer)
    after = layer(x, task_ids=TASK_IDS)
    for name, bank in layer.banks.items():
        np.testing.assert_array_equal(bank[: len(banks[name])], banks[name])
    # Some compute the kernels of all tasks in one product, of another shape.
    np.testing.assert_allclose(before, after, atol=ROUNDING)
    assert layer(x, task_ids=np.int32(NUM_TASKS)).shape == before.shape


@pytest.mark.usefixtures("either_way")
def test_gradients_reach_every_trainable_weight(layer, x):
    shape = (*layer.compute_output_shape(x.shape)[:-1], 1)
    upstream = np.random.default_rng(1).normal(size=shape)
    with tf.GradientTape() as tape:
        outputs = layer(x, task_ids=TASK_IDS)
        loss = tf.reduce_sum(outputs**2 * upstream.astype("float32"))
    weights = layer.trainable_weights
    assert weights
    gradients = tape.gradient(loss, [w.value for w in weights])
    for weight, gradient in zip(weights, gradients, strict=True):
        assert gradient is not None, weight.path
        rows = np.abs(tf.convert_to_tensor(gradient)).reshape(NUM_TASKS, -1)
        rows = rows.max(axis=1)
        assert (rows > 0).all(), weight.path


def test_bfloat16_policy_computes_in_bfloat16_and_keeps_float32_weights(row, x):
    layer = row.make(dtype="mixed_bfloat16")
    outputs = layer(x, task_ids=TASK_IDS)
    assert outputs.dtype == "bfloat16"
    assert {w.dtype for w in layer.weights if "seed" not in w.path} == {
        "float32"
    }
    expected = row.make()
    expected(x, task_ids=TASK_IDS)
    for w, v in zip(expected.weights, layer.weights, strict=True):
        w.assign(v)
    # bfloat16 keeps 8 bits: a relative error of 2 ** -8 for each rounding.
    np.testing.assert_allclose(
        np.array(outputs, "float32"),
        expected(x, task_ids=TASK_IDS),
        rtol=2**-5,
        atol=2**-5,
    )


@pytest.mark.large
@pytest.mark.xla
@pytest.mark.usefixtures("either_way")
def test_compiled_by_xla_it_computes_the_same(layer, x):
    compiled = tf.function(
        lambda x, task_ids: layer(x, task_ids=task_ids), jit_compile=True
    )
    np.testing.assert_allclose(
        compiled(x, TASK_IDS), layer(x, task_ids=TASK_IDS), atol=ROUNDING
    )


@pytest.mark.usefixtures("either_way")
def test_symbolic_call_keeps_batch_and_length_open(row):
    inputs = keras.Input((*row.input_shape[1:-1], row.input_shape[-1]))
    task_ids = keras.Input((), dtype="int32")
    outputs = row.make()(inputs, task_ids=task_ids)
    assert outputs.shape[0] is None


@pytest.mark.large
def test_two_replicas_agree_with_one(row, x):
    cpus = tf.config.list_logical_devices("CPU")
    strategy = tf.distribute.MirroredStrategy([d.name for d in cpus[:2]])
    with strategy.scope():
        layer = row.make()
        layer.build(row.input_shape)
    call = tf.function(lambda x: layer(x, task_ids=TASK_IDS))
    outputs = strategy.run(call, (tf.constant(x),))
    for replica in strategy.experimental_local_results(outputs):
        expected = layer(x, task_ids=TASK_IDS)
        np.testing.assert_allclose(replica, expected, atol=ROUNDING)

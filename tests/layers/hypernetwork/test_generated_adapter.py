import numpy as np
import pytest
import tensorflow as tf

from tests import numpy_hyperformer
from tf_adapters.layers import AdapterGenerator
from tf_adapters.layers import Condition
from tf_adapters.layers import FoldedAdapter
from tf_adapters.layers import GeneratedAdapter
from tf_adapters.layers import NormalizedAdapter
from tf_adapters.layers import TaskEmbedding


@pytest.fixture
def parts():
    """What the adapters of three tasks, two layers and two slots share."""
    return {
        "tasks": TaskEmbedding(6, num_tasks=3),
        "condition": Condition(6, 2, 2, projector_dim=5),
        "generator": AdapterGenerator(8, 4),
    }


def built(parts, layer=0, position=0, **kwargs):
    adapter = GeneratedAdapter(
        4, **parts, layer=layer, position=position, num_tasks=3, **kwargs
    )
    adapter.build((None, None, 8))
    return adapter


def by_task(kernels, task):
    return np.concatenate([np.ravel(w[task]) for w in kernels.values()])


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("share", [True, False])
def test_output_is_that_of_the_formula(parts, mixed_batch, scramble, share):
    x, mask, task_ids = mixed_batch
    if not share:
        parts = {"tasks": parts["tasks"]}
    adapter = built(parts, layer=1, position=1)
    scramble(adapter.weights)
    expected = numpy_hyperformer.generated_adapter(adapter, x, task_ids)
    outputs = adapter(x, task_ids=task_ids, padding_mask=mask)
    np.testing.assert_allclose(outputs, expected, atol=5e-5)
    expected = numpy_hyperformer.generated_adapter(adapter, x, [2] * 4)
    outputs = adapter(x, task_ids=np.int32(2))
    np.testing.assert_allclose(outputs, expected, atol=5e-5)


def test_weights_are_those_of_the_task_the_layer_and_the_slot(parts, scramble):
    """F5."""
    places = [(0, 0), (0, 1), (1, 0), (1, 1)]
    adapters = [built(parts, *place) for place in places]
    scramble(adapters[0].weights)
    kernels = [adapter.kernels() for adapter in adapters]
    twin = built(parts, 1, 0).kernels()
    for name, weight in kernels[2].items():
        np.testing.assert_array_equal(weight, twin[name])
    all_twelve = [by_task(made, task) for made in kernels for task in range(3)]
    for i, one in enumerate(all_twelve):
        for other in all_twelve[:i]:
            assert np.abs(one - other).max() > 1e-2


def test_hypernetworks_that_make_nothing_are_the_identity(parts, mixed_batch):
    """F7: the gain and the offset are 0 too."""
    x, _, task_ids = mixed_batch
    adapter = built(parts)
    for weight in parts["generator"].weights:
        weight.assign(np.zeros(weight.shape))
    np.testing.assert_array_equal(adapter(x, task_ids=task_ids), x)


def test_new_adapter_adds_a_tenth_of_the_input():
    """methods.md 0.4: 0.11."""
    adapter = GeneratedAdapter(
        4,
        TaskEmbedding(64, num_tasks=8),
        Condition(64, 12, 2),
        AdapterGenerator(256, 4),
        num_tasks=8,
    )
    x = np.random.default_rng(0).normal(size=(8, 16, 256)).astype("float32")
    added = np.array(adapter(x, task_ids=np.arange(8, dtype="int32"))) - x
    kernels = {k: np.array(v) for k, v in adapter.kernels().items()}
    # Gain and offset are of 0.08 and around 0. The norm makes numbers of size
    # 1: a sum of squares of 0.08 * 1 and of 0.08, which is 0.113 ** 2.
    assert abs(kernels["gamma"].mean()) < 4 * 0.08 / (8 * 256) ** 0.5
    np.testing.assert_allclose(kernels["gamma"].std(), 0.08, rtol=0.1)
    np.testing.assert_allclose(added.std(), 0.08 * 2**0.5, rtol=0.1)


def test_gradients_reach_every_embedding_that_was_read(parts, mixed_batch):
    x, _, task_ids = mixed_batch
    adapter = built(parts, layer=1, position=0)
    tables = [
        parts["tasks"].embedding,
        parts["condition"].layers_table,
        parts["condition"].positions_table,
    ]
    with tf.GradientTape() as tape:
        outputs = adapter(x[:3], task_ids=task_ids[:2].repeat(2)[:3])
        loss = tf.reduce_sum(outputs**2)
    gradients = tape.gradient(loss, [table.value for table in tables])
    read = [np.any(np.array(g) != 0, axis=1).tolist() for g in gradients]
    # Tasks 1, 1 and 0 in the second layer after its feed-forward.
    assert read == [[True, True, False], [False, True], [True, False]]


def test_all_of_it_is_trained_and_the_bank_is_that_of_the_tasks(parts):
    adapter = built(parts)
    assert adapter.banks == {}
    assert list(parts["tasks"].banks) == ["embedding"]
    expected = {id(w) for part in parts.values() for w in part.weights}
    assert {id(w) for w in adapter.trainable_weights} == expected


def test_embeddings_are_drawn_from_a_standard_normal():
    tasks = TaskEmbedding(64, num_tasks=20)
    tasks.build()
    tasks.add_tasks(20)
    assert tasks.embedding.shape == (40, 64)
    np.testing.assert_allclose(np.std(tasks.embedding), 1, rtol=0.05)
    with pytest.raises(ValueError, match="`dim` must be.*dim=0"):
        TaskEmbedding(0)


def test_bfloat16_computes_with_rounded_weights(parts, mixed_batch, scramble):
    x, _, task_ids = mixed_batch
    adapter = built(parts, dtype="mixed_bfloat16")
    scramble(adapter.weights)
    vectors = numpy_hyperformer.array(parts["tasks"].embedding)
    vectors = numpy_hyperformer.condition(parts["condition"], vectors)
    expected = numpy_hyperformer.generated(parts["generator"], vectors)
    for name, weight in adapter.kernels().items():
        assert weight.dtype == "bfloat16"
        # Made in float32, and rounded once to 8 bits.
        weight = np.array(weight, "float32")
        np.testing.assert_allclose(weight, expected[name], 2**-8, 1e-5)
    assert {w.dtype for w in adapter.weights} == {"float32"}
    outputs = adapter(x, task_ids=task_ids)
    assert outputs.dtype == "bfloat16"
    expected = numpy_hyperformer.generated_adapter(adapter, x, task_ids)
    outputs = np.array(outputs, "float32")
    np.testing.assert_allclose(outputs, expected, rtol=2**-5, atol=2**-4)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_baked_computes_the_same_without_hypernetworks(
    parts, mixed_batch, scramble, dtype
):
    x, _, task_ids = mixed_batch
    own = {"activation": "relu", "epsilon": 0.5, "name": "own"}
    adapter = built(parts, 1, 1, dtype=dtype, **own)
    scramble(adapter.weights)
    baked = adapter.baked()
    assert type(baked) is FoldedAdapter
    banks = {id(bank) for bank in baked.banks.values()}
    assert {id(w) for w in baked.weights} == banks
    assert baked.dtype_policy == adapter.dtype_policy
    assert (baked.name, baked.activation) == ("own", adapter.activation)
    outputs = np.array(baked(x, task_ids=task_ids), "float32")
    expected = np.array(adapter(x, task_ids=task_ids), "float32")
    rounding = 2**-6 if dtype == "mixed_bfloat16" else 3e-6
    np.testing.assert_allclose(outputs, expected, rounding, rounding)


def test_computed_are_the_banks_of_the_adapter_that_is_generated(parts):
    adapter = built(parts, 1, 1)
    computed = {k: tuple(v.shape) for k, v in adapter.computed().items()}
    plain = NormalizedAdapter(adapter.bottleneck_dim, num_tasks=3)
    plain.build((None, None, 8))
    assert computed == {k: tuple(v.shape) for k, v in plain.banks.items()}


@pytest.mark.parametrize("own_generator", [False, True])
def test_adapter_comes_back_from_its_config(parts, own_generator):
    if own_generator:
        parts = {k: v for k, v in parts.items() if k != "generator"}
    adapter = built(parts)
    revived = GeneratedAdapter.from_config(adapter.get_config())
    assert revived.get_config() == adapter.get_config()
    revived.build((None, None, 8))
    assert [w.shape for w in revived.weights] == [
        w.shape for w in adapter.weights
    ]


def test_embeddings_of_other_tasks_are_refused():
    with pytest.raises(ValueError, match="`num_tasks`.*=3.*of 2 tasks"):
        GeneratedAdapter(4, TaskEmbedding(6, num_tasks=2), num_tasks=3)

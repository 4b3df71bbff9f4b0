import numpy as np
import pytest
import tensorflow as tf

from tests import numpy_phm
from tests.rounding import ROUNDING
from tf_adapters.layers import PHMDense
from tf_adapters.layers import PHMFactors
from tf_adapters.layers import PHMRule


def shared_parts(num_tasks=3, **kwargs):
    return {
        "rule": PHMRule(2, num_tasks=num_tasks, **kwargs),
        "factors": PHMFactors(8, 6, 2, rank=1, num_tasks=num_tasks),
    }


def weights_of(layer, task):
    parts = [layer.rule_layer, layer.factors_layer]
    parts = [part for part in parts if part is not None]
    return numpy_phm.weights_of(task, layer, *parts)


def test_by_hand():
    # kron(I, [[1], [2]]) + kron([[0, 1], [0, 0]], [[3], [4]]) has the columns
    # (1, 2, 0, 0) and (3, 4, 1, 2): (1, 0, 2, 1) becomes (1, 7), and with the
    # bias (10, 20) it is (11, 27).
    layer = PHMDense(2, phm_dim=2)
    layer.build((None, None, 4))
    layer.rule.assign([[[[1, 0], [0, 1]], [[0, 1], [0, 0]]]])
    layer.kernel_factors.assign([[[[1], [2]], [[3], [4]]]])
    layer.bias.assign([[10, 20]])
    x = np.array([[[1, 0, 2, 1]]], "float32")
    np.testing.assert_array_equal(layer(x), [[[11, 27]]])


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("materialise", [True, False, None])
@pytest.mark.parametrize("rank", [None, 1, 2])
def test_output_is_that_of_the_formula(
    rank, materialise, scramble, mixed_batch
):
    x, _, task_ids = mixed_batch
    layer = PHMDense(
        6,
        phm_dim=2,
        rank=rank,
        activation="relu",
        materialise=materialise,
        num_tasks=3,
    )
    layer.build(x.shape)
    scramble(layer.weights, scale=0.7)
    expected = []
    for row, task in zip(x, task_ids, strict=True):
        weights = weights_of(layer, task)
        units = row @ numpy_phm.kernel(weights) + weights["bias"]
        expected.append(np.maximum(units, 0))
    outputs = layer(x, task_ids=task_ids)
    np.testing.assert_allclose(outputs, expected, atol=ROUNDING)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("materialise", [True, False, None])
@pytest.mark.parametrize("factorize", [True, False])
def test_shared_parts_are_read(factorize, materialise, scramble, mixed_batch):
    x, _, task_ids = mixed_batch
    parts = shared_parts(factorize=factorize)
    layer = PHMDense(
        6,
        phm_dim=2,
        **parts,
        use_bias=False,
        materialise=materialise,
        num_tasks=3,
    )
    layer.build(x.shape)
    assert layer.banks == {}
    scramble(layer.weights, scale=0.7)
    expected = [
        row @ numpy_phm.kernel(weights_of(layer, task))
        for row, task in zip(x, task_ids, strict=True)
    ]
    outputs = layer(x, task_ids=task_ids)
    np.testing.assert_allclose(outputs, expected, atol=ROUNDING)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("materialise", [True, False, None])
def test_sizes_of_a_batch_may_be_open(materialise, scramble, mixed_batch):
    x, _, task_ids = mixed_batch
    layer = PHMDense(8, rank=1, materialise=materialise, num_tasks=3)
    layer.build(x.shape)
    scramble(layer.weights, scale=0.7)
    compiled = tf.function(
        lambda x, task_ids: layer(x, task_ids=task_ids),
        input_signature=[
            tf.TensorSpec((None, None, 8)),
            tf.TensorSpec((None,), "int32"),
        ],
    )
    expected = layer(x, task_ids=task_ids)
    np.testing.assert_allclose(compiled(x, task_ids), expected, atol=ROUNDING)


def test_rule_that_is_not_learned_is_a_bank_all_the_same():
    parts = shared_parts(learn=False)
    layer = PHMDense(6, phm_dim=2, num_tasks=3, **parts)
    layer.build((None, None, 8))
    rule = parts["rule"].rule
    assert parts["rule"].banks == {"rule": rule}
    assert id(rule) in {id(w) for w in layer.weights}
    assert [w.name for w in layer.trainable_weights] == [
        "bias",
        "kernel_left",
        "kernel_right",
    ]
    parts["rule"].add_tasks(1)
    assert not parts["rule"].rule.trainable


def test_rules_are_drawn_as_the_authors_draw_them():
    # A deviation is known to 1 / sqrt(2 n) of n draws: 2 % of 1,000.
    layer = PHMDense(10, phm_dim=10)
    layer.build((None, None, 10))
    np.testing.assert_allclose(np.std(layer.rule), 0.01, rtol=0.1)
    shared = PHMRule(10)
    shared.build()
    np.testing.assert_allclose(np.std(shared.rule), 1e-4, rtol=0.1)
    assert not np.any(layer.bias)


def test_parts_come_back_from_the_config():
    parts = shared_parts(factorize=True, learn=False)
    layer = PHMDense(6, phm_dim=2, num_tasks=3, **parts)
    revived = PHMDense.from_config(layer.get_config())
    for part in ("rule_layer", "factors_layer"):
        own, theirs = getattr(revived, part), getattr(layer, part)
        assert own is not theirs
        assert own.get_config() == theirs.get_config()


@pytest.mark.parametrize(
    "parts, message",
    [
        ({"rule": PHMRule(2, num_tasks=3)}, "PHMRule with .*num_tasks=3"),
        (
            {"rule": PHMRule(3)},
            "phm_dim=2, num_tasks=1, and a PHMRule with phm_dim=3",
        ),
        (
            {"factors": PHMFactors(8, 4, 4)},
            "phm_dim=2, num_tasks=1, and a PHMFactors with phm_dim=4",
        ),
    ],
)
def test_parts_of_another_size_are_refused(parts, message):
    with pytest.raises(ValueError, match=message):
        PHMDense(8, phm_dim=2, **parts)

import numpy as np
import pytest
from keras import ops

from tests import numpy_phm
from tests.rounding import ROUNDING
from tf_adapters.layers import BottleneckAdapter
from tf_adapters.layers import HiddenUnitScale
from tf_adapters.layers import PHMBottleneckAdapter
from tf_adapters.layers import PHMFactors
from tf_adapters.layers import PHMRule


def shared_rule(**kwargs):
    return lambda: {"rule": PHMRule(2, num_tasks=3, **kwargs)}


def shared_factors():
    sizes = ((8, 4), (4, 8))
    return {"factors": [PHMFactors(*pair, 2, 1, num_tasks=3) for pair in sizes]}


KINDS = {
    "rank_1": dict,
    "rank_2": lambda: {"rank": 2},
    "full_rank": lambda: {"rank": None},
    "factorized": lambda: {"rank": None, "factorize_rule": True},
    "shared_rule": shared_rule(),
    "shared_factorized": shared_rule(factorize=True),
    "shared_factors": shared_factors,
    "all_shared": lambda: {**shared_rule()(), **shared_factors()},
}


@pytest.fixture(params=KINDS, ids=str)
def adapter(request, scramble):
    """A layer of three tasks, far away from where it started."""
    kind = KINDS[request.param]()
    layer = PHMBottleneckAdapter(4, phm_dim=2, num_tasks=3, **kind)
    layer.build((None, None, 8))
    scramble(layer.weights, scale=0.7)
    return layer


def weights_of(layer, task):
    rule = [layer.rule_layer] if layer.rule_layer else []
    weights = numpy_phm.weights_of(task, layer, *rule)
    for name, part in zip(
        ("down", "up"), layer.factors_layers or (), strict=False
    ):
        for bank, value in numpy_phm.weights_of(task, part).items():
            weights[bank.replace("kernel", name)] = value
    return weights


def formula(layer, x, task_ids):
    rows = zip(x, task_ids, strict=True)
    return [numpy_phm.adapter(weights_of(layer, t), row) for row, t in rows]


@pytest.mark.usefixtures("either_way")
def test_output_is_that_of_the_formula(adapter, mixed_batch):
    x, mask, task_ids = mixed_batch
    expected = formula(adapter, x, task_ids)
    outputs = adapter(x, task_ids=task_ids, padding_mask=mask)
    np.testing.assert_allclose(outputs, expected, atol=2e-5)
    expected = formula(adapter, x, [2] * 4)
    outputs = adapter(x, task_ids=np.int32(2))
    np.testing.assert_allclose(outputs, expected, atol=2e-5)


@pytest.mark.usefixtures("either_way")
def test_baked_is_a_plain_adapter_that_computes_the_same(adapter, mixed_batch):
    x, _, task_ids = mixed_batch
    before = [np.array(w) for w in adapter.weights]
    baked = adapter.baked()
    assert type(baked) is BottleneckAdapter
    assert list(baked.banks) == ["down", "down_bias", "up", "up_bias"]
    assert {id(w) for w in baked.weights} == {
        id(bank) for bank in baked.banks.values()
    }
    assert not {id(w) for w in baked.weights} & {id(w) for w in adapter.weights}
    outputs = baked(x, task_ids=task_ids)
    expected = adapter(x, task_ids=task_ids)
    np.testing.assert_allclose(outputs, expected, atol=ROUNDING)
    for weight, value in zip(adapter.weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_baked_is_of_the_activation_and_the_bfloat16_of_the_layer(mixed_batch):
    x, _, _ = mixed_batch
    layer = PHMBottleneckAdapter(
        4, phm_dim=2, activation="relu", dtype="mixed_bfloat16", name="own"
    )
    layer.build(x.shape)
    baked = layer.baked()
    assert baked.activation is layer.activation
    assert baked.dtype_policy == layer.dtype_policy
    assert baked.name == "own"
    np.testing.assert_array_equal(baked(x), layer(x))


@pytest.mark.parametrize("layer", [BottleneckAdapter(2), HiddenUnitScale()])
def test_layers_that_hold_what_they_need_are_baked_already(layer):
    assert layer.baked() is layer


def test_kernels_are_made_in_float32(scramble):
    layer = PHMBottleneckAdapter(
        4, phm_dim=2, rule=PHMRule(2), dtype="mixed_bfloat16"
    )
    layer.build((None, None, 8))
    scramble(layer.weights)
    weights, kernels = weights_of(layer, 0), layer.kernels()
    for name in ("down", "up"):
        # Rounded once.
        expected = ops.cast(numpy_phm.kernel(weights, name), "bfloat16")
        assert kernels[name].dtype == "bfloat16"
        np.testing.assert_array_equal(kernels[name][0], expected)


@pytest.mark.parametrize("factorize", [False, True])
def test_rules_that_are_not_learned_are_banks_all_the_same(factorize):
    layer = PHMBottleneckAdapter(
        4, phm_dim=2, learn_rule=False, factorize_rule=factorize
    )
    layer.build((None, None, 8))
    sides = ("_left", "_right") if factorize else ("",)
    rules = {f"{k}_rule{side}" for k in ("down", "up") for side in sides}
    learned = {w.name for w in layer.trainable_weights}
    assert rules < set(layer.banks) and not rules & learned
    assert rules | learned == set(layer.banks)


def test_new_adapter_is_the_identity():
    """C9, for 20 adapters of the sizes of BERT-base."""
    rule = PHMRule(4, num_tasks=20)
    layer = PHMBottleneckAdapter(24, rule=rule, num_tasks=20)
    layer.build((None, None, 768))
    x = np.random.default_rng(0).normal(size=(20, 16, 768))
    disturbance = np.array(formula(layer, x, range(20))) - x
    assert 0 < np.abs(disturbance).max() < 1e-6
    # A factor is uniform, of variance 4 / (rows + columns). A kernel is 4
    # products of variance 1e-8 * 4 / 193 * 4 / 7 = 1.2e-10. Units are of
    # 768 * 4.7e-10, halved by GELU: 3.0e-4. Outputs are of 24 * 4.7e-10 times
    # that: 3.2e-8. methods.md 0.4 measured 3.3e-8 for one adapter.
    np.testing.assert_allclose(disturbance.std(), 3.2e-8, rtol=0.3)
    task_ids = np.arange(20, dtype="int32")
    outputs = layer(x.astype("float32"), task_ids=task_ids)
    assert np.abs(outputs - x.astype("float32")).max() < 1e-6


@pytest.mark.parametrize(
    "parts, message",
    [
        ({"rule": PHMRule(2, num_tasks=3)}, "PHMRule with .*num_tasks=3"),
        (
            {"rule": PHMRule(4)},
            "phm_dim=2, num_tasks=1, and a PHMRule with phm_dim=4",
        ),
        (
            {"factors": (PHMFactors(8, 4, 2), PHMFactors(4, 8, 4))},
            "phm_dim=2, num_tasks=1, and a PHMFactors with phm_dim=4",
        ),
    ],
)
def test_parts_of_another_size_are_refused(parts, message):
    with pytest.raises(ValueError, match=message):
        PHMBottleneckAdapter(4, phm_dim=2, **parts)


@pytest.mark.parametrize("rank", [0, -1])
def test_a_rank_that_makes_nothing_is_refused(rank):
    with pytest.raises(ValueError, match=f"`rank` must be.*rank={rank}"):
        PHMBottleneckAdapter(4, phm_dim=2, rank=rank)


def test_parts_come_back_from_the_config():
    config = {"phm_dim": 2, "rank": 1, "num_tasks": 3, "activation": "relu"}
    config |= {"learn_rule": False, "factorize_rule": True}
    layer = PHMBottleneckAdapter(4, **config, **KINDS["all_shared"]())
    revived = PHMBottleneckAdapter.from_config(layer.get_config())
    assert revived.get_config() == layer.get_config()
    assert revived.get_config().items() >= config.items()
    assert revived.rule_layer is not layer.rule_layer
    assert [f.input_dim for f in revived.factors_layers] == [8, 4]

"""Rules and factors that several layers share: C8 of methods.md, section 9."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_adapters.layers import PHMBottleneckAdapter
from tf_adapters.layers import PHMDense
from tf_adapters.layers import PHMFactors
from tf_adapters.layers import PHMRule


@pytest.fixture
def x():
    rng = np.random.default_rng(0)
    return rng.normal(size=(3, 5, 8)).astype("float32")


def chain(make, **parts):
    """Two layers, one after the other, that share `parts`."""
    layers = [make(**parts) for _ in range(2)]
    model = keras.Sequential([keras.Input((5, 8)), *layers])
    assert len({id(w) for w in model.weights}) == len(model.weights)
    return model


def make_dense(**parts):
    return PHMDense(8, phm_dim=2, activation="tanh", **parts)


def make_adapter(**parts):
    return PHMBottleneckAdapter(4, phm_dim=2, **parts)


def gradients(model, x, variables):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(x) ** 2)
    return tape.gradient(loss, [v.value for v in variables])


def check_sum(tied, shared, untied, copies, x):
    """The gradient of `shared` is the sum of those of its untied copies."""
    for copy in copies:
        np.testing.assert_array_equal(copy, shared)
    (together,) = gradients(tied, x, [shared])
    alone = np.array(gradients(untied, x, copies))
    # No copy is idle.
    assert np.abs(alone).reshape(len(copies), -1).max(axis=1).min() > 0.1
    scale = np.abs(together).max()
    np.testing.assert_allclose(together, alone.sum(0), atol=1e-5 * scale)


def test_shared_parts_of_dense_layers_are_one_variable(x, scramble):
    parts = {"rule": PHMRule(2), "factors": PHMFactors(8, 8, 2)}
    tied, untied = chain(make_dense, **parts), chain(make_dense)
    # Both parts once and a bias each; three weights each.
    assert len(tied.trainable_weights) == 2 + 2
    assert len(untied.trainable_weights) == 2 * 3
    scramble(parts["rule"].weights + parts["factors"].weights, scale=0.7)
    shared = {**parts["rule"].banks, **parts["factors"].banks}
    for layer in untied.layers:
        for name, weight in shared.items():
            layer.banks[name].assign(weight)
    for name, weight in shared.items():
        copies = [layer.banks[name] for layer in untied.layers]
        check_sum(tied, weight, untied, copies, x)


def test_shared_rule_of_adapters_is_one_variable(x, scramble):
    rule = PHMRule(2)
    tied, untied = chain(make_adapter, rule=rule), chain(make_adapter)
    scramble(tied.weights, scale=0.7)
    # Two kernels of two parts and two biases each, and the rule once.
    assert len(tied.weights) == 2 * 6 + 1
    copies = []
    for own, theirs in zip(untied.layers, tied.layers, strict=True):
        assert set(own.banks) - set(theirs.banks) == {"down_rule", "up_rule"}
        for name, weight in theirs.banks.items():
            own.banks[name].assign(weight)
        copies += [own.down_rule, own.up_rule]
    for copy in copies:
        copy.assign(rule.rule)
    check_sum(tied, rule.rule, untied, copies, x)


def test_shared_factors_of_adapters_are_one_variable_each(x, scramble):
    factors = (PHMFactors(8, 4, 2, rank=1), PHMFactors(4, 8, 2, rank=1))
    tied, untied = chain(make_adapter, factors=factors), chain(make_adapter)
    scramble(tied.weights, scale=0.7)
    # Two parts of two kernels once, two rules and two biases an adapter.
    assert len(tied.weights) == 2 * 2 + 2 * (2 + 2)
    shared = {
        f"{kernel}_{side}": part.banks[f"kernel_{side}"]
        for kernel, part in zip(("down", "up"), factors, strict=True)
        for side in ("left", "right")
    }
    for own, theirs in zip(untied.layers, tied.layers, strict=True):
        for name, weight in {**theirs.banks, **shared}.items():
            own.banks[name].assign(weight)
    for name, weight in shared.items():
        copies = [layer.banks[name] for layer in untied.layers]
        check_sum(tied, weight, untied, copies, x)

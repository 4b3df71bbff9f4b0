import numpy as np
import pytest
import tensorflow as tf

import tf_adapters


@pytest.fixture
def limit(script):
    return script("limit")


def found(limit, make_backbone, method):
    encoder = tf_adapters.AdaptedBackbone(make_backbone(), method)
    return limit.shapes(encoder, batch_size=3, length=5)


def test_the_products_are_those_of_two_layers(limit, make_backbone):
    """15 tokens, 2 layers of 2 heads of 8 units, 16 and 32 wide."""
    shapes = found(limit, make_backbone, tf_adapters.Method())
    layer = 4 * 15 * 16 * 16 + 2 * 15 * 16 * 32  # Dense layers.
    layer += 2 * (3 * 2) * 5 * 5 * 8  # Queries by keys, shares by values.
    assert limit.gigaflops(shapes) == pytest.approx(2 * 2 * layer / 1e9)


def test_adapters_add_theirs(limit, make_backbone):
    plain = found(limit, make_backbone, tf_adapters.Method())
    adapted = found(limit, make_backbone, tf_adapters.Houlsby(4))
    added = limit.gigaflops(adapted) - limit.gigaflops(plain)
    assert added == pytest.approx(2 * 2 * 2 * (2 * 15 * 16 * 4) / 1e9)


def test_every_product_is_computed(limit):
    run = tf.function(limit.products([(3, 1, 4, 5, 6), (2, 7, 2, 3, 2)]))
    graph = run.get_concrete_function().graph
    kinds = [op.type for op in graph.get_operations()]
    assert kinds.count("MatMul") == 3
    assert kinds.count("BatchMatMulV2") == 2
    assert np.shape(run()) == (5,)

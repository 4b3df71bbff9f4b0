import numpy as np
import pytest
import tensorflow as tf

from tests import numpy_phm
from tf_adapters.layers import PHMDense
from tf_adapters.layers.banks import bank
from tf_adapters.layers.phm import phm_product

ORDERS = {"made": "project_materialised", "not made": "project_factored"}


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@pytest.fixture
def orders(monkeypatch):
    """Notes which order each product takes."""
    taken = []
    for name, function in ORDERS.items():
        order = getattr(phm_product, function)

        def noted(*args, name=name, order=order):
            taken.append(name)
            return order(*args)

        monkeypatch.setattr(phm_product, function, noted)
    return taken


@pytest.mark.parametrize("rank", [None, 1, 3])
@pytest.mark.parametrize("factorize", [False, True])
@pytest.mark.parametrize("tasks", [(), (4,)], ids=["one", "of_each_example"])
def test_inputs_meet_the_kernel_made_or_not(rank, factorize, tasks):
    """C2."""
    n, input_dim, units = 2, 6, 8
    shapes = {"rule": (n, n, n)}
    if factorize:
        shapes = {"rule_left": (n, n, 1), "rule_right": (n, 1, n)}
    shapes["kernel_factors"] = (n, input_dim // n, units // n)
    if rank is not None:
        del shapes["kernel_factors"]
        shapes["kernel_left"] = (n, input_dim // n, rank)
        shapes["kernel_right"] = (n, rank, units // n)
    weights = {
        name: normal(*tasks, *shape, seed=i)
        for i, (name, shape) in enumerate(shapes.items())
    }
    x = normal(4, 5, input_dim, seed=9)
    each = [
        {k: v[i] if tasks else v for k, v in weights.items()} for i in range(4)
    ]
    expected = [
        row @ numpy_phm.kernel(own) for row, own in zip(x, each, strict=True)
    ]
    for project in (
        phm_product.project_factored,
        phm_product.project_materialised,
    ):
        outputs = project(x, weights, "kernel")
        np.testing.assert_allclose(outputs, expected, atol=1e-4)


@pytest.mark.parametrize(
    "sizes, tokens, expected",
    [
        # A value between the products costs two of the kernel, and
        # 2 * 96 tokens * 4 * 768 is 768 * 768.
        ((768, 768, 4), 96, False),
        ((768, 768, 4), 97, True),
        ((768, 3072, 4), 96, False),
        ((1536, 768, 4), 97, False),
        ((768, 768, 8), 48, False),
        ((768, 768, 8), 49, True),
        # Who does not know the tokens counts on many.
        ((768, 768, 4), None, True),
        # 512 * 512 is 2 ** 18.
        ((512, 512, 2), 1, False),
        ((510, 512, 2), 1, True),
        # 25 * 25 is below 1 * (25 + 25) + 300 * 2, 26 * 26 is above 652.
        ((25, 25, 1, 1), None, True),
        ((26, 26, 1, 1), None, False),
        # 36 * 36 is below 2 * 72 + 300 * 4, 37 * 37 is above 1,348.
        ((36, 36, 1, 2), None, True),
        ((37, 37, 1, 2), None, False),
        # 768 * 96 is below 12 * 864 + 600 * 144, above 8 * 864 + 600 * 64.
        ((768, 96, 12, 1), None, True),
        ((768, 96, 8, 1), None, False),
    ],
)
def test_the_faster_order_on_both_sides_of_the_boundary(
    sizes, tokens, expected
):
    assert phm_product.kernel_pays(*sizes, tokens=tokens) is expected


@pytest.mark.parametrize("length", [1, 10_000])
def test_of_low_rank_the_tokens_do_not_matter(length):
    assert phm_product.kernel_pays(25, 25, 1, 1, tokens=length)
    assert not phm_product.kernel_pays(26, 26, 1, 1, tokens=length)


@pytest.mark.parametrize(
    "shape, num_tasks, gathered, expected",
    [
        # 2 * 128 tokens * 2 is 512.
        ((2, 64, 512), 1, True, "not made"),
        ((2, 65, 512), 1, True, "made"),
        ((None, 1, 512), 1, True, "made"),
        ((1, None, 512), 1, True, "made"),
        # Every example has a kernel, which its own 128 tokens meet.
        ((None, 128, 512), 3, True, "not made"),
        ((2, 129, 512), 3, True, "made"),
        ((2, None, 512), 3, True, "made"),
        # Nobody knows how many examples are of one task.
        ((2, 1, 512), 3, False, "made"),
    ],
)
def test_the_order_follows_from_the_shapes_of_the_graph(
    shape, num_tasks, gathered, expected, orders, monkeypatch
):
    monkeypatch.setattr(bank, "_GATHERED", np.inf if gathered else 0)
    layer = PHMDense(512, phm_dim=2, num_tasks=num_tasks)
    layer.build((None, None, 512))
    compiled = tf.function(lambda x, task_ids: layer(x, task_ids=task_ids))
    signature = (tf.TensorSpec(shape), tf.TensorSpec(shape[:1], "int32"))
    compiled.get_concrete_function(*signature)
    assert set(orders) == {expected}


@pytest.mark.parametrize(
    "units, rank, expected",
    [(24, 1, "not made"), (12, 1, "made"), (24, None, "made")],
)
def test_the_order_follows_from_the_sizes_of_the_kernel(
    units, rank, expected, orders
):
    # 768 * 24 is above 4 * 792 + 600 * 16, 768 * 12 is below 4 * 780 + 9,600.
    layer = PHMDense(units, phm_dim=4, rank=rank)
    layer(normal(2, 3, 768))
    assert orders == [expected]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("units, rank", [(24, 1), (24, None)])
def test_an_order_that_is_asked_for_is_taken(order, units, rank, orders):
    layer = PHMDense(units, rank=rank, materialise=order == "made")
    layer(normal(2, 3, 768))
    assert orders == [order]


@pytest.mark.parametrize("materialise", [None, True, False])
def test_the_order_comes_back_from_the_config(materialise):
    layer = PHMDense(8, materialise=materialise)
    revived = PHMDense.from_config(layer.get_config())
    assert revived.materialise is materialise


def test_nobody_has_to_choose():
    assert PHMDense(8).materialise is None

import numpy as np
import pytest

from tests import numpy_hyperformer
from tests.rounding import ROUNDING
from tf_adapters.layers import Condition

KINDS = {
    "task": (0, 0),
    "task_and_layer": (3, 0),
    "task_and_position": (0, 2),
    "all": (3, 2),
}


def built(dim=4, num_layers=3, num_positions=2, projector_dim=5):
    layer = Condition(dim, num_layers, num_positions, projector_dim)
    layer.build()
    return layer


@pytest.mark.parametrize("kind", KINDS)
def test_output_is_that_of_the_formula(kind, scramble):
    num_layers, num_positions = KINDS[kind]
    layer = built(num_layers=num_layers, num_positions=num_positions)
    scramble(layer.weights, scale=0.7)
    tasks = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
    for place in ((0, 0), (2, 1)):
        index, position = place
        outputs = layer(tasks, layer=index, position=position)
        expected = numpy_hyperformer.condition(layer, tasks, index, position)
        np.testing.assert_allclose(outputs, expected, atol=ROUNDING)


def test_task_layer_and_position_come_in_this_order():
    # Embeddings are (1, 2), (3, 4) and (5, 6). The network takes two of the
    # six numbers, and the norm makes the larger one 1 and the other one -1.
    layer = built(2, 2, 2, projector_dim=6)
    layer.layers_table.assign([[0, 0], [3, 4]])
    layer.positions_table.assign([[5, 6], [0, 0]])
    layer.hidden.kernel.assign(np.eye(6))
    tasks = np.array([[1, 2]], "float32")
    for first in range(6):
        for second in range(6):
            chosen = np.eye(6)[:, [first, second]]
            layer.projection.kernel.assign(chosen)
            sign = np.sign(first - second)
            outputs = layer(tasks, layer=1, position=0)
            np.testing.assert_allclose(outputs, [[sign, -sign]], atol=1e-4)


def test_result_has_mean_0_and_norm_8():
    """F3: sqrt(64), the norm of 64 numbers of variance 1."""
    layer = built(64, 12, 2, 128)
    tasks = np.random.default_rng(0).normal(size=(8, 64)).astype("float32")
    for index in (0, 11):
        outputs = np.array(layer(tasks, layer=index, position=1))
        np.testing.assert_allclose(outputs.mean(axis=-1), 0, atol=ROUNDING)
        # Before the norm they have a variance of about 2, beside which its
        # epsilon of 1e-6 is nothing.
        norms = np.linalg.norm(outputs, axis=-1)
        np.testing.assert_allclose(norms, 8, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_tables_exist_of_what_is_told_apart(kind):
    num_layers, num_positions = KINDS[kind]
    layer = built(num_layers=num_layers, num_positions=num_positions)
    names = [w.name for w in layer.weights]
    assert ("layers" in names) == bool(num_layers)
    assert ("positions" in names) == bool(num_positions)
    # Of 5 units between, 4 of the result, and a gain and an offset of each.
    parts = 1 + bool(num_layers) + bool(num_positions)
    network = (4 * parts + 1) * 5 + (5 + 1) * 4 + 2 * 4
    assert layer.count_params() == network + 4 * (num_layers + num_positions)


def test_what_is_drawn():
    layer = built(64, 50, 50, 128)
    for table in (layer.layers_table, layer.positions_table):
        np.testing.assert_allclose(np.std(table), 1, rtol=0.05)
    for dense, inputs in ((layer.hidden, 192), (layer.projection, 128)):
        expected = np.sqrt(2 / inputs)
        np.testing.assert_allclose(np.std(dense.kernel), expected, rtol=0.05)
        assert not np.any(dense.bias)


def test_the_size_of_its_weights_does_not_pass_the_norm():
    """They start larger than in the authors' code, and give the same."""
    layer = built(64, 12, 2, 128)
    tasks = np.random.default_rng(0).normal(size=(8, 64)).astype("float32")
    outputs = layer(tasks, layer=3, position=1)
    for dense in (layer.hidden, layer.projection):
        dense.kernel.assign(dense.kernel * 0.1)
    smaller = layer(tasks, layer=3, position=1)
    # Their variance of 2 has become 2e-4, beside the norm's epsilon of 1e-6.
    np.testing.assert_allclose(outputs, smaller, rtol=5e-3, atol=ROUNDING)


def test_it_computes_in_float32_whatever_the_policy():
    layer = Condition(4, 3, 2, 5, dtype="mixed_bfloat16")
    outputs = layer(np.ones((2, 4), "float32"), layer=0, position=0)
    assert outputs.dtype == layer.hidden.compute_dtype == "float32"


def test_arguments_come_back_from_the_config():
    config = {"dim": 4, "num_layers": 3, "num_positions": 0}
    layer = Condition(**config, projector_dim=5)
    assert layer.get_config().items() >= config.items()
    revived = Condition.from_config(layer.get_config())
    assert revived.get_config() == layer.get_config()
    assert revived.projector_dim == 5

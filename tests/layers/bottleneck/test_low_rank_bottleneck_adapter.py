import numpy as np
import pytest
from keras import ops

from tests import numpy_phm
from tests.rounding import ROUNDING
from tf_adapters.layers import BottleneckAdapter
from tf_adapters.layers import LowRankBottleneckAdapter


@pytest.fixture(params=[1, 2, 3])
def adapter(request, scramble):
    """A layer of three tasks, far away from where it started."""
    layer = LowRankBottleneckAdapter(5, rank=request.param, num_tasks=3)
    layer.build((None, None, 8))
    scramble(layer.weights, scale=0.7)
    return layer


def test_by_hand():
    # Rank 2: down is (1, 2)' (1, 0) + (1, 0)' (0, 1), rows (1, 1) and (2, 0).
    # (1, 3) becomes (7, 1), with the bias (7, 2), which relu leaves. Up is
    # (1, 0)' (1, 2) + (0, 1)' (5, 5): (7, 14) + (10, 10), (17, 25) with the
    # bias and (18, 28) with the input.
    adapter = LowRankBottleneckAdapter(2, rank=2, activation="relu")
    adapter.build((None, None, 2))
    adapter.down_left.assign([[[1, 1], [2, 0]]])
    adapter.down_right.assign([[[1, 0], [0, 1]]])
    adapter.down_bias.assign([[0, 1]])
    adapter.up_left.assign([[[1, 0], [0, 1]]])
    adapter.up_right.assign([[[1, 2], [5, 5]]])
    adapter.up_bias.assign([[0, 1]])
    x = np.array([[[1, 3]]], "float32")
    np.testing.assert_array_equal(adapter(x), [[[18, 28]]])


@pytest.mark.usefixtures("either_way")
def test_output_is_that_of_the_formula(adapter, mixed_batch):
    x, mask, task_ids = mixed_batch
    expected = [
        numpy_phm.low_rank_adapter(numpy_phm.weights_of(task, adapter), row)
        for row, task in zip(x, task_ids, strict=True)
    ]
    outputs = adapter(x, task_ids=task_ids, padding_mask=mask)
    np.testing.assert_allclose(outputs, expected, atol=2e-5)


def test_kernels_are_of_the_rank(adapter):
    kernels = adapter.kernels()
    for name, shape in (("down", (8, 5)), ("up", (5, 8))):
        for kernel in np.array(kernels[name]):
            assert kernel.shape == shape
            assert np.linalg.matrix_rank(kernel) == adapter.rank


@pytest.mark.usefixtures("either_way")
def test_baked_is_a_plain_adapter_that_computes_the_same(adapter, mixed_batch):
    x, _, task_ids = mixed_batch
    baked = adapter.baked()
    assert type(baked) is BottleneckAdapter
    assert [w.name for w in baked.weights] == list(baked.banks)
    assert list(baked.banks) == ["down", "down_bias", "up", "up_bias"]
    outputs = baked(x, task_ids=task_ids)
    expected = adapter(x, task_ids=task_ids)
    np.testing.assert_allclose(outputs, expected, atol=ROUNDING)


def test_kernels_are_made_in_float32(scramble):
    layer = LowRankBottleneckAdapter(4, rank=4, dtype="mixed_bfloat16")
    layer.build((None, None, 8))
    scramble(layer.weights)
    weights, kernels = numpy_phm.weights_of(0, layer), layer.kernels()
    for name in ("down", "up"):
        product = weights[f"{name}_left"] @ weights[f"{name}_right"]
        # Rounded once.
        expected = ops.cast(product, "bfloat16")
        assert kernels[name].dtype == "bfloat16"
        np.testing.assert_array_equal(kernels[name][0], expected)


def test_parts_are_drawn_as_the_authors_draw_them():
    # Uniform, with a bound of sqrt(2) sqrt(6 / (rows + columns)).
    layer = LowRankBottleneckAdapter(24, num_tasks=25)
    layer.build((None, None, 768))
    thin, wide = np.sqrt(12 / (768 + 1)), np.sqrt(12 / (24 + 1))
    bounds = {"down_left": thin, "down_right": wide}
    bounds |= {"up_left": wide, "up_right": thin}
    for name, bound in bounds.items():
        drawn = np.array(layer.banks[name])
        # Of 600 draws, the fewest there are, none passes with 0.98 ** 600.
        assert 0.98 * bound < np.abs(drawn).max() <= bound * (1 + 1e-6)
        np.testing.assert_allclose(drawn.std(), bound / np.sqrt(3), rtol=0.07)
    assert not np.any(layer.down_bias) and not np.any(layer.up_bias)


@pytest.mark.parametrize("rank", [1, 2])
def test_count_is_the_closed_form_times_the_tasks(rank):
    layer = LowRankBottleneckAdapter(24, rank=rank, num_tasks=2)
    layer.build((None, None, 768))
    assert layer.count_params() == 2 * (2 * rank * (768 + 24) + 24 + 768)


@pytest.mark.parametrize(
    "arguments, message",
    [((8, 0), "`rank` must be at least 1.*rank=0"), ((0,), "bottleneck_dim=0")],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        LowRankBottleneckAdapter(*arguments)

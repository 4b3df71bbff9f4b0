import numpy as np
import pytest

from tests import numpy_pals
from tests.rounding import ROUNDING
from tf_adapters.layers import ProjectedFeedForward
from tf_adapters.layers import TaskProjections


def test_by_hand():
    # Far from zero a GELU is the identity or nothing at all. The token (1, 2)
    # is z = 10 * 1 + 20 * 2 - 10 = 40. Its units are 40 + 10 = 50 and
    # 10 - 40 = -30, of which 50 and 0 are left: 2 * 50 + 3 * 0 - 60 = 40. That
    # leaves as (40 + 5, -40 + 5), of which (45, 0) is left.
    # The token (0, -1) is z = -30; units -20 and 40, that is 0 and 40, make
    # 60, which leaves as (65, -55): (65, 0).
    layer = ProjectedFeedForward(1, intermediate_dim=2)
    layer.build((None, None, 2))
    layer.encoder.assign([[[10], [20]]])
    layer.encoder_bias.assign([[-10]])
    layer.intermediate.assign([[[1, -1]]])
    layer.intermediate_bias.assign([[10, 10]])
    layer.outer.assign([[[2], [3]]])
    layer.outer_bias.assign([[-60]])
    layer.decoder.assign([[[1, -1]]])
    layer.decoder_bias.assign([[5, 5]])
    x = np.array([[[1, 2], [0, -1]]], "float32")
    np.testing.assert_array_equal(layer(x), [[[45, 0], [65, 0]]])


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("share", [False, True])
def test_output_is_that_of_the_formula(share, scramble, mixed_batch):
    x, mask, task_ids = mixed_batch
    shared = TaskProjections(3, num_tasks=3) if share else None
    layer = ProjectedFeedForward(
        3, intermediate_dim=5, num_tasks=3, projections=shared
    )
    layer.build(x.shape)
    scramble(layer.weights, scale=0.7)
    rows = numpy_pals.rows_of(layer, task_ids)
    if share:
        assert "encoder" not in rows
        rows |= numpy_pals.rows_of(shared, task_ids)
    outputs = layer(x, task_ids=task_ids, padding_mask=mask)
    expected = numpy_pals.projected_feedforward(rows, x)
    np.testing.assert_allclose(outputs, expected, atol=ROUNDING)


def test_decoder_at_zero_adds_exactly_nothing(scramble):
    """P1."""
    layer = ProjectedFeedForward(3, intermediate_dim=5)
    x = np.random.default_rng(0).normal(size=(2, 3, 8)).astype("float32")
    layer.build(x.shape)
    scramble(layer.weights)
    layer.decoder.assign(np.zeros((1, 3, 8)))
    layer.decoder_bias.assign(np.zeros((1, 8)))
    np.testing.assert_array_equal(layer(x), np.zeros_like(x))


def test_kernels_are_drawn_as_those_of_the_attention():
    # As for `ProjectedAttention`: 0.5 % for 102 * 204 draws.
    layer = ProjectedFeedForward(102, intermediate_dim=204)
    layer.build((None, None, 204))
    for name in ("encoder", "decoder", "intermediate", "outer"):
        kernel = np.array(getattr(layer, name))
        np.testing.assert_allclose(kernel.std(), 0.02, rtol=0.04)
        assert np.abs(kernel).max() > 3 * 0.02
    for name in ("encoder", "decoder", "intermediate", "outer"):
        assert not np.any(getattr(layer, f"{name}_bias"))


@pytest.mark.parametrize("num_tasks", [1, 2])
def test_count_is_the_closed_form_times_the_tasks(num_tasks):
    layer = ProjectedFeedForward(20, intermediate_dim=30, num_tasks=num_tasks)
    layer.build((None, None, 128))
    there_and_back = (128 * 20 + 20) + (20 * 128 + 128)
    between = (20 * 30 + 30) + (30 * 20 + 20)
    assert layer.count_params() == num_tasks * (there_and_back + between)


@pytest.mark.parametrize(
    "sizes, message",
    [
        ((0, 5), "`dim` must be at least 1. Received: dim=0"),
        ((3, 0), "`intermediate_dim` must be .* intermediate_dim=0"),
        ((3, -2), "`intermediate_dim` must be .* intermediate_dim=-2"),
    ],
)
def test_sizes_without_units_are_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        ProjectedFeedForward(*sizes)

import numpy as np
import pytest

from tests import numpy_pals
from tests.rounding import ROUNDING
from tf_adapters.layers import TopAttention


@pytest.fixture
def top(scramble):
    """Two blocks for three tasks, far away from where they started."""
    layer = TopAttention(6, num_blocks=2, num_heads=3, num_tasks=3)
    layer.build((None, None, 8))
    scramble(layer.weights, scale=0.5)
    return layer


def test_by_hand():
    # The space is the hidden one, of two units. All attention kernels are zero,
    # so that a block adds its output bias and normalises: of two numbers the
    # larger becomes 1 and the smaller -1.
    # First block: (1, 2) + (0, -4) = (1, -2) is (1, -1), times the gain (3, 1)
    # and with the offset (0, 1): (3, 0). Second block: (3, 0) + (0, 9) is
    # (-1, 1). On the way out it is swapped, and (10, 20) is added.
    layer = TopAttention(2, num_blocks=2, num_heads=1)
    layer.build((None, None, 2))
    for name in ("query", "key", "value", "output"):
        kernel = getattr(layer, f"attention_{name}")
        kernel.assign(np.zeros(kernel.shape))
    layer.encoder.assign([[[1, 0], [0, 1]]])
    layer.attention_output_bias.assign([[[0, -4], [0, 9]]])
    layer.attention_gamma.assign([[[3, 1], [1, 1]]])
    layer.attention_beta.assign([[[0, 1], [0, 0]]])
    layer.decoder.assign([[[0, 1], [1, 0]]])
    layer.decoder_bias.assign([[10, 20]])
    x = np.array([[[1, 2], [1, 2]]], "float32")
    np.testing.assert_allclose(layer(x), [[[11, 19], [11, 19]]], atol=ROUNDING)


@pytest.mark.usefixtures("either_way")
def test_output_is_that_of_the_formula(top, mixed_batch):
    x, mask, task_ids = mixed_batch
    rows = numpy_pals.rows_of(top, task_ids)
    for padding in (None, mask):
        expected = numpy_pals.top_attention(rows, x, 3, padding)
        outputs = top(x, task_ids=task_ids, padding_mask=padding)
        np.testing.assert_allclose(outputs, expected, atol=1e-4)


def test_masked_tokens_change_nothing_elsewhere(top, mixed_batch):
    """P9."""
    x, mask, task_ids = mixed_batch
    is_token = mask.astype("bool")
    other = np.where(is_token[..., None], x, 30 * x + 1)
    one, other = (
        np.array(top(inputs, task_ids=task_ids, padding_mask=mask))[is_token]
        for inputs in (x, other)
    )
    np.testing.assert_array_equal(one, other)


def test_layer_norms_start_with_a_gain_of_1():
    layer = TopAttention(6, num_blocks=2, num_heads=3, num_tasks=3)
    layer.build((None, None, 8))
    assert np.all(np.array(layer.attention_gamma) == 1)
    assert layer.attention_gamma.shape == (3, 2, 6)
    assert not np.any(layer.attention_beta)


def test_kernels_are_drawn_as_the_authors_draw_them():
    # As for `ProjectedAttention`: 0.8 % for 2 * 60 * 60 draws.
    layer = TopAttention(60, num_blocks=2)
    layer.build((None, None, 120))
    for name in ("query", "key", "value", "output"):
        kernels = np.array(getattr(layer, f"attention_{name}"))[0]
        assert not np.isclose(*kernels).all()
        np.testing.assert_allclose(kernels.std(), 0.02, rtol=0.05)
        assert np.abs(kernels).max() > 3 * 0.02
        assert not np.any(getattr(layer, f"attention_{name}_bias"))


def test_dropout_acts_in_training_only(top, mixed_batch):
    x, _, task_ids = mixed_batch
    still = top(x, task_ids=task_ids)
    again = top(x, task_ids=task_ids, training=False)
    np.testing.assert_array_equal(still, again)
    drawn = [top(x, task_ids=task_ids, training=True) for _ in range(2)]
    assert not np.allclose(drawn[0], still, atol=1e-2)
    assert not np.allclose(*drawn, atol=1e-2)


def test_dropout_drops_shares_and_the_output_of_every_block(top, mixed_batch):
    x, _, task_ids = mixed_batch
    shapes = []
    top.dropout = lambda x: shapes.append(tuple(x.shape)) or 0 * x
    outputs = top(x, task_ids=task_ids)
    assert shapes == [(4, 3, 5, 5), (4, 5, 6)] * 2
    # Only what goes past the blocks is left.
    rows = numpy_pals.rows_of(top, task_ids)
    z = numpy_pals.linear(rows, "encoder", x)
    for i in range(2):
        z = numpy_pals.normalise(
            {k: v[:, i] for k, v in rows.items()}, "attention", z
        )
    expected = numpy_pals.linear(rows, "decoder", z)
    np.testing.assert_allclose(outputs, expected, atol=1e-4)


def test_count_is_the_closed_form_of_the_paper():
    layer = TopAttention(204, num_blocks=6)
    layer.build((None, None, 768))
    there_and_back = (768 * 204 + 204) + (204 * 768 + 768)
    block = 4 * (204 * 204 + 204) + 2 * 204
    banks = layer.banks.values()
    count = sum(bank.value.shape.num_elements() for bank in banks)
    assert count == there_and_back + 6 * block == 1_320_444


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((10, 2, 4), "Received: dim=10, num_heads=4"),
        ((12, 0, 4), "`num_blocks` must be at least 1.*num_blocks=0"),
    ],
)
def test_bad_sizes_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        TopAttention(*arguments)

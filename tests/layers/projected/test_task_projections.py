import numpy as np
import pytest

from tests import numpy_pals
from tests.rounding import ROUNDING
from tf_adapters.layers import TaskProjections


def test_by_hand():
    # (1, 2) is 3 * 1 - 2 + 1 = 2, which leaves as (20, 40) and the bias (1, 2).
    # (0, 5) is -4. Nothing is cut off and the input is not added.
    layer = TaskProjections(1)
    layer.build((None, None, 2))
    layer.encoder.assign([[[3], [-1]]])
    layer.encoder_bias.assign([[1]])
    layer.decoder.assign([[[10, 20]]])
    layer.decoder_bias.assign([[1, 2]])
    x = np.array([[[1, 2], [0, 5]]], "float32")
    np.testing.assert_array_equal(layer(x), [[[21, 42], [-39, -78]]])


@pytest.mark.usefixtures("either_way")
def test_each_example_goes_there_and_back_by_its_task(scramble, mixed_batch):
    x, _, task_ids = mixed_batch
    layer = TaskProjections(3, num_tasks=3)
    layer.build(x.shape)
    scramble(layer.weights, scale=0.7)
    rows = numpy_pals.rows_of(layer, task_ids)
    narrow = numpy_pals.linear(rows, "encoder", x)
    expected = numpy_pals.linear(rows, "decoder", narrow)
    np.testing.assert_allclose(layer(x, task_ids), expected, atol=ROUNDING)


def test_banks_have_the_names_of_the_paper_spelled_out():
    layer = TaskProjections(3, num_tasks=2)
    layer.build((None, None, 8))
    assert {name: bank.shape for name, bank in layer.banks.items()} == {
        "encoder": (2, 8, 3),
        "encoder_bias": (2, 3),
        "decoder": (2, 3, 8),
        "decoder_bias": (2, 8),
    }


def test_kernels_are_drawn_as_the_authors_draw_them():
    # As for `ProjectedAttention`: 0.5 % for 204 * 102 draws.
    layer = TaskProjections(102)
    layer.build((None, None, 204))
    for kernel in (np.array(layer.encoder), np.array(layer.decoder)):
        np.testing.assert_allclose(kernel.std(), 0.02, rtol=0.04)
        assert np.abs(kernel).max() > 3 * 0.02
    assert not np.any(layer.encoder_bias) and not np.any(layer.decoder_bias)


@pytest.mark.parametrize("dim", [0, -1])
def test_space_without_width_is_refused(dim):
    message = f"`dim` must be at least 1. Received: dim={dim}"
    with pytest.raises(ValueError, match=message):
        TaskProjections(dim)

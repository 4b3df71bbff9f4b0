import keras
import numpy as np
import pytest

from tests import numpy_pals
from tests.numpy_bert import gelu_erf
from tests.rounding import ROUNDING
from tf_adapters.layers import ProjectedAttention
from tf_adapters.layers import TaskProjections
from tf_adapters.layers.projected import attention

ATTENTION = ("query", "key", "value")


def assign(layer, **values):
    for name, value in values.items():
        getattr(layer, name).assign([value])


@pytest.fixture
def pal(scramble):
    """A layer of three tasks, far away from where it started."""
    layer = ProjectedAttention(6, num_heads=3, num_tasks=3)
    layer.build((None, None, 8))
    scramble(layer.weights, scale=0.7)
    return layer


@pytest.fixture
def by_hand():
    # A space of one unit, z = x0 + 2 x1 + 1. Every query is ln 3, keys are
    # z - 1 and values are 4 z + 2; what is attended to leaves as (c, 2 c - 20).
    layer = ProjectedAttention(1, num_heads=1, activation="linear", dropout=0.5)
    layer.build((None, None, 2))
    assign(layer, encoder=[[1], [2]], encoder_bias=[1])
    assign(layer, query=[[0]], query_bias=[np.log(3)])
    assign(layer, key=[[1]], key_bias=[-1])
    assign(layer, value=[[4]], value_bias=[2])
    assign(layer, decoder=[[1, 2]], decoder_bias=[0, -20])
    return layer


def test_by_hand(by_hand):
    # The tokens (0, 0) and (-1, 1) are z = 1 and z = 2, with scores of 0 and
    # ln 3, shares of 1/4 and 3/4, and values of 6 and 10: c = 9.
    x = np.array([[[0, 0], [-1, 1]]], "float32")
    np.testing.assert_allclose(by_hand(x), [[[9, -2], [9, -2]]], atol=ROUNDING)
    # Without the second token the value of the first is left: c = 6.
    mask = np.array([[1, 0]], "int32")
    outputs = by_hand(x, padding_mask=mask)
    np.testing.assert_allclose(outputs, [[[6, -8], [6, -8]]], atol=ROUNDING)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("num_heads", [1, 3])
def test_output_is_that_of_the_formula(num_heads, scramble, mixed_batch):
    x, mask, task_ids = mixed_batch
    layer = ProjectedAttention(6, num_heads=num_heads, num_tasks=3)
    layer.build(x.shape)
    scramble(layer.weights, scale=0.7)
    rows = numpy_pals.rows_of(layer, task_ids)
    for padding in (None, mask):
        expected = numpy_pals.pal(rows, x, num_heads, padding)
        outputs = layer(x, task_ids=task_ids, padding_mask=padding)
        np.testing.assert_allclose(outputs, expected, atol=ROUNDING)


def test_decoder_at_zero_adds_exactly_nothing(pal, mixed_batch):
    """P1: GELU(0) = 0."""
    x, mask, task_ids = mixed_batch
    pal.decoder.assign(np.zeros((3, 6, 8)))
    pal.decoder_bias.assign(np.zeros((3, 8)))
    outputs = pal(x, task_ids=task_ids, padding_mask=mask)
    np.testing.assert_array_equal(outputs, np.zeros_like(x))


@pytest.mark.parametrize("num_heads, units", [(6, 34), (12, 17)])
def test_heads_have_the_shapes_of_the_paper(monkeypatch, num_heads, units):
    """P3."""
    shapes, heads = [], attention.split_heads

    def record(x, num_heads):
        shapes.extend(part.shape for part in heads(x, num_heads))
        return heads(x, num_heads)

    monkeypatch.setattr(attention, "split_heads", record)
    ProjectedAttention(204, num_heads)(np.ones((2, 3, 4), "float32"))
    assert shapes == [(2, num_heads, 3, units)] * 3


@pytest.mark.usefixtures("either_way")
def test_masked_tokens_change_nothing_elsewhere(pal, mixed_batch):
    """P9."""
    x, mask, task_ids = mixed_batch
    is_token = mask.astype("bool")
    other = np.where(is_token[..., None], x, 30 * x + 1)
    one, other, unmasked = (
        np.array(pal(inputs, task_ids=task_ids, padding_mask=padding))[is_token]
        for inputs, padding in ((x, mask), (other, mask), (other, None))
    )
    np.testing.assert_array_equal(one, other)
    assert not np.allclose(one, unmasked, atol=1e-2)


def test_default_activation_is_the_gelu_of_the_authors(pal, mixed_batch):
    x, mask, task_ids = mixed_batch
    config = pal.get_config()
    assert config["activation"] == "gelu_exact"
    equation = ProjectedAttention.from_config(
        {**config, "activation": "linear"}
    )
    equation.build(x.shape)
    for name, own in equation.banks.items():
        own.assign(pal.banks[name])
    linear = equation(x, task_ids=task_ids, padding_mask=mask)
    expected = gelu_erf(np.array(linear, "float64"))
    outputs = pal(x, task_ids=task_ids, padding_mask=mask)
    np.testing.assert_allclose(outputs, expected, atol=ROUNDING)
    assert not np.allclose(linear, expected, atol=1e-2)


def make_two(num_tasks=1):
    """Projections, and two layers that share them."""
    shared = TaskProjections(6, num_tasks=num_tasks)
    return shared, [
        ProjectedAttention(
            6, num_heads=2, num_tasks=num_tasks, projections=shared
        )
        for _ in range(2)
    ]


def test_shared_projections_are_one_variable():
    """P4."""
    shared, pals = make_two()
    model = keras.Sequential([keras.Input((5, 8)), *pals])
    for layer in pals:
        assert set(layer.banks) == {
            *ATTENTION,
            *(f"{name}_bias" for name in ATTENTION),
        }
        assert {id(w) for w in shared.weights} < {id(w) for w in layer.weights}
    weights = [w for w in model.weights if "seed" not in w.path]
    assert len({id(w) for w in weights}) == len(weights) == 4 + 2 * 6
    # There and back once, and twice three squares.
    expected = (8 * 6 + 6) + (6 * 8 + 8) + 2 * 3 * (6 * 6 + 6)
    assert sum(w.value.shape.num_elements() for w in weights) == expected


@pytest.mark.usefixtures("either_way")
def test_shared_projections_are_read_by_both_layers(scramble, mixed_batch):
    x, mask, task_ids = mixed_batch
    shared, pals = make_two(num_tasks=3)
    for layer in pals:
        layer.build(x.shape)
    scramble(shared.weights)
    for seed, layer in enumerate(pals):
        scramble(layer.banks.values(), seed=seed)
        rows = numpy_pals.rows_of(shared, task_ids)
        rows |= numpy_pals.rows_of(layer, task_ids)
        outputs = layer(x, task_ids=task_ids, padding_mask=mask)
        expected = numpy_pals.pal(rows, x, 2, mask)
        np.testing.assert_allclose(outputs, expected, atol=ROUNDING)


def test_shared_projections_are_different_for_each_task(mixed_batch):
    """P4: what one task learns moves both layers, for that task only."""
    x, _, task_ids = mixed_batch
    shared, pals = make_two(num_tasks=3)
    before = [layer(x, task_ids=task_ids) for layer in pals]
    values = np.array(shared.decoder_bias)
    values[1] += 1
    shared.decoder_bias.assign(values)
    for layer, old in zip(pals, before, strict=True):
        new = layer(x, task_ids=task_ids)
        moved = np.any(new != old, axis=(1, 2))
        np.testing.assert_array_equal(moved, task_ids == 1)


def test_projections_of_another_width_are_refused():
    with pytest.raises(
        ValueError, match="shared `projections`.*dim=6, and.*of dim=4"
    ):
        ProjectedAttention(6, num_heads=2, projections=TaskProjections(4))


def test_kernels_are_drawn_as_the_authors_draw_them():
    # The estimate of a deviation from n draws is off by about 1 / sqrt(2 n) of
    # it, 0.5 % for 204 * 102 draws. The largest of them is near 4 deviations,
    # where a truncated normal has nothing beyond 2.
    layer = ProjectedAttention(102, num_heads=6, num_tasks=2)
    layer.build((None, None, 204))
    for name in ("encoder", "decoder", *ATTENTION):
        kernels = np.array(getattr(layer, name))
        assert not np.isclose(*kernels).all()
        np.testing.assert_allclose(kernels.std(axis=(1, 2)), 0.02, rtol=0.04)
        assert np.abs(kernels).max() > 3 * 0.02
        assert not np.any(getattr(layer, f"{name}_bias"))


def test_dropout_acts_on_the_shares_in_training(by_hand):
    # The only token has a share of 1, which dropout makes 0 or 1 / (1 - 0.5).
    # Its value is 6, so that c is 0 or 12, and c leaves as (c, 2 c - 20). Were
    # the result dropped instead, there would be a (0, 0).
    x, mask = np.zeros((64, 2, 2), "float32"), np.array([[1, 0]] * 64, "int32")
    outputs = np.array(by_hand(x, padding_mask=mask, training=True))[:, 0]
    found = np.unique(np.round(outputs, 4), axis=0)
    np.testing.assert_array_equal(found, [[0, -20], [12, 4]])
    outputs = np.array(by_hand(x, padding_mask=mask, training=False))[:, 0]
    np.testing.assert_allclose(outputs, [[6, -8]] * 64, atol=ROUNDING)


@pytest.mark.parametrize("dim, heads", [(10, 4), (0, 1), (4, 0)])
def test_heads_that_do_not_divide_are_refused(dim, heads):
    with pytest.raises(ValueError, match=f"dim={dim}"):
        ProjectedAttention(dim, num_heads=heads)


@pytest.mark.parametrize("hidden_dim, dim", [(768, 204), (128, 24), (8, 6)])
def test_count_is_the_closed_form_times_the_tasks(hidden_dim, dim):
    layer = ProjectedAttention(dim, num_heads=6, num_tasks=2)
    layer.build((None, None, hidden_dim))
    one = 2 * hidden_dim * dim + dim + hidden_dim + 3 * (dim * dim + dim)
    assert sum(w.value.shape.num_elements() for w in layer.banks.values()) == (
        2 * one
    )


def test_shared_projections_of_other_tasks_are_refused():
    with pytest.raises(ValueError, match="`num_tasks`.*=3.*num_tasks=2"):
        ProjectedAttention(
            6,
            num_heads=2,
            num_tasks=3,
            projections=TaskProjections(6, num_tasks=2),
        )

import numpy as np
import pytest
from scipy.stats import norm

from tests import numpy_pals
from tests.numpy_bert import gelu_erf
from tests.rounding import ROUNDING
from tf_adapters.layers import LowRank
from tf_adapters.layers.activation import gelu_exact


def test_by_hand():
    # (1, 2) is 3 * 1 - 2 + 1 = 2, relu(2) = 2, and leaves as (20, 40) + (1, 2).
    # (0, 5) is cut off at zero, 0 - 5 + 1 = -4: only the bias is left. There
    # is no activation at the end: -1 stays.
    layer = LowRank(1, activation="relu")
    layer.build((None, None, 2))
    layer.encoder.assign([[[3], [-1]]])
    layer.encoder_bias.assign([[1]])
    layer.decoder.assign([[[10, 20]]])
    layer.decoder_bias.assign([[1, -1]])
    x = np.array([[[1, 2], [0, 5]]], "float32")
    np.testing.assert_array_equal(layer(x), [[[21, 39], [1, -1]]])


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("residual", [False, True])
def test_output_is_that_of_the_formula(residual, scramble, mixed_batch):
    x, mask, task_ids = mixed_batch
    layer = LowRank(3, residual=residual, num_tasks=3)
    layer.build(x.shape)
    scramble(layer.weights, scale=0.7)
    rows = numpy_pals.rows_of(layer, task_ids)
    expected = numpy_pals.low_rank(rows, x) + (x if residual else 0)
    outputs = layer(x, task_ids=task_ids, padding_mask=mask)
    np.testing.assert_allclose(outputs, expected, atol=ROUNDING)


@pytest.fixture
def of_units(scramble):
    """Computes what a layer makes of nothing and of each unit."""

    def of_units(activation):
        layer = LowRank(3, activation=activation)
        layer.build((None, None, 8))
        scramble(layer.weights, scale=0.7)
        tokens = np.concatenate([np.zeros((1, 8)), np.eye(8)]).astype("float32")
        constant, *units = np.array(layer(tokens[None])[0], "float64")
        return layer, constant, np.array(units) - constant

    return of_units


def test_linear_is_a_map_of_rank_dim_and_a_constant(of_units):
    """P10."""
    layer, constant, kernel = of_units("linear")
    assert np.linalg.matrix_rank(kernel, tol=1e-4) == 3
    x = np.random.default_rng(0).normal(size=(2, 5, 8)).astype("float32")
    np.testing.assert_allclose(layer(x), x @ kernel + constant, atol=ROUNDING)


def test_default_activation_is_the_gelu_of_the_authors(of_units):
    assert LowRank().inner_activation is gelu_exact
    layer, constant, kernel = of_units("gelu_exact")
    x = 2 * np.ones((1, 1, 8), "float32")
    assert not np.allclose(layer(x), x @ kernel + constant, atol=1e-2)


def test_new_layer_disturbs_as_much_as_the_authors_does():
    # methods.md 0.4, measured on the reference code for inputs of variance 1:
    # 6.6e-2. It is also what the draws say: z = h V^E is normal with a
    # deviation of 0.02 sqrt(768), and 100 of GELU(z) are summed with weights
    # of deviation 0.02. Over 100 units, the sum of squares is off by less than
    # 2 sqrt(2 / 100), that is 28 % of the variance and 14 % of the deviation.
    z = 0.02 * 768**0.5 * norm.ppf((np.arange(10_000) + 0.5) / 10_000)
    derived = 0.02 * np.sqrt(100 * np.mean(gelu_erf(z) ** 2))
    np.testing.assert_allclose(derived, 6.6e-2, rtol=0.02)
    x = np.random.default_rng(0).normal(size=(4, 64, 768)).astype("float32")
    np.testing.assert_allclose(np.std(LowRank(100)(x)), derived, rtol=0.14)


@pytest.mark.parametrize(
    "dim, hidden_dim, count",
    # methods.md 2.4: 24 of them are PALsHoulsby(50) of BERT-base. methods.md
    # 9: two of them are PALsLowRank(16) of BERT-tiny.
    [(50, 768, 1_862_832 // 24), (16, 128, 8_480 // 2)],
)
def test_count_is_the_closed_form(dim, hidden_dim, count):
    layer = LowRank(dim)
    layer.build((None, None, hidden_dim))
    closed = (hidden_dim * dim + dim) + (dim * hidden_dim + hidden_dim)
    assert layer.count_params() == closed == count


@pytest.mark.parametrize("dim", [0, -1])
def test_space_without_width_is_refused(dim):
    with pytest.raises(ValueError, match=f"`dim` must be .* dim={dim}"):
        LowRank(dim)


@pytest.mark.parametrize("activation", ["gelu_exact", "linear", "relu"])
def test_activation_of_the_narrow_space_comes_back(activation):
    layer = LowRank(2, activation=activation, residual=True)
    revived = LowRank.from_config(layer.get_config())
    assert revived.inner_activation is layer.inner_activation
    assert revived.activation is layer.activation
    assert revived.residual

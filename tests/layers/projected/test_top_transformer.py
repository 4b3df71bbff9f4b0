import keras_nlp
import numpy as np
import pytest

from tests import numpy_pals
from tests.numpy_bert import gelu_erf
from tests.numpy_bert import gelu_tanh
from tests.rounding import ROUNDING
from tf_adapters.layers import TopTransformer
from tf_adapters.layers.activation import gelu_exact

ATTENTION = ("query", "key", "value", "output")


def make(scramble, **kwargs):
    layer = TopTransformer(2, 5, num_tasks=3, **kwargs)
    layer.build((None, None, 8))
    scramble(layer.weights)
    return layer


def test_by_hand():
    # All attention kernels are zero, so that attention adds its output bias:
    # (1, 2) + (0, -4) = (1, -2) is normalised to (1, -1), and with the offset
    # (0, 1) it is (1, 0). Units 2 * 1 - 1 = 1 and 3 * 0 - 5 = -5 are cut at
    # zero, (1, 0); out of them comes (-4 * 1, 2 * 1) and the bias (0, 1), that
    # is (-4, 3). The sum (1 - 4, 0 + 3) is normalised to (-1, 1), and the gain
    # (2, 3) and the offset (5, 5) make (3, 8).
    layer = TopTransformer(1, 2, activation="relu")
    layer.build((None, None, 2))
    for name in ATTENTION:
        getattr(layer, f"attention_{name}").assign(np.zeros((1, 2, 2)))
    layer.attention_output_bias.assign([[0, -4]])
    layer.attention_beta.assign([[0, 1]])
    layer.intermediate.assign([[[2, 0], [0, 3]]])
    layer.intermediate_bias.assign([[-1, -5]])
    layer.feedforward.assign([[[-4, 2], [100, 100]]])
    layer.feedforward_bias.assign([[0, 1]])
    layer.feedforward_gamma.assign([[2, 3]])
    layer.feedforward_beta.assign([[5, 5]])
    x = np.array([[[1, 2], [1, 2]]], "float32")
    np.testing.assert_allclose(layer(x), [[[3, 8], [3, 8]]], atol=ROUNDING)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize(
    "activation, gelu",
    [("gelu_exact", gelu_erf), ("gelu_approximate", gelu_tanh)],
)
def test_output_is_that_of_the_formula(activation, gelu, scramble, mixed_batch):
    x, mask, task_ids = mixed_batch
    layer = make(scramble, activation=activation)
    rows = numpy_pals.rows_of(layer, task_ids)
    for padding in (None, mask):
        expected = numpy_pals.top_transformer(rows, x, 2, padding, gelu)
        outputs = layer(x, task_ids=task_ids, padding_mask=padding)
        np.testing.assert_allclose(outputs, expected, atol=ROUNDING)


def test_default_activation_is_the_gelu_of_the_authors():
    assert TopTransformer(2, 5).activation is gelu_exact


def test_it_is_a_layer_of_bert_for_each_task(scramble, mixed_batch):
    # One stock layer a task, whose weights become that task's row.
    x, mask, task_ids = mixed_batch
    top = TopTransformer(2, 5, num_tasks=3)
    top.build(x.shape)
    outputs = np.zeros_like(x)
    for task in range(3):
        stock = keras_nlp.layers.TransformerEncoder(
            5, 2, activation=gelu_exact, layer_norm_epsilon=1e-12
        )
        stock.build(x.shape)
        scramble(stock.weights, seed=task)
        for name, weight in stock_weights(stock).items():
            bank = top.banks[name]
            rows = np.array(bank)
            rows[task] = np.reshape(weight, bank.shape[1:])
            bank.assign(rows)
        own = task_ids == task
        outputs[own] = stock(x[own], padding_mask=mask[own])
    actual = top(x, task_ids=task_ids, padding_mask=mask)
    np.testing.assert_allclose(actual, outputs, atol=ROUNDING)


def stock_weights(stock):
    """The weights of a stock layer by the names of our banks."""
    attention = stock._self_attention_layer
    parts = {
        **{
            f"attention_{n}": getattr(attention, f"{n}_dense")
            for n in ATTENTION
        },
        "intermediate": stock._feedforward_intermediate_dense,
        "feedforward": stock._feedforward_output_dense,
    }
    weights = {name: part.kernel for name, part in parts.items()}
    weights |= {f"{name}_bias": part.bias for name, part in parts.items()}
    norms = {
        "attention": stock._self_attention_layer_norm,
        "feedforward": stock._feedforward_layer_norm,
    }
    weights |= {f"{name}_gamma": norm.gamma for name, norm in norms.items()}
    return weights | {f"{name}_beta": norm.beta for name, norm in norms.items()}


def test_masked_tokens_change_nothing_elsewhere(scramble, mixed_batch):
    """P9."""
    x, mask, task_ids = mixed_batch
    layer = make(scramble)
    is_token = mask.astype("bool")
    other = np.where(is_token[..., None], x, 30 * x + 1)
    one, other = (
        np.array(layer(inputs, task_ids=task_ids, padding_mask=mask))[is_token]
        for inputs in (x, other)
    )
    np.testing.assert_array_equal(one, other)


def test_dropout_acts_in_training_only(scramble, mixed_batch):
    x, _, task_ids = mixed_batch
    layer = make(scramble, dropout=0.5)
    still = layer(x, task_ids=task_ids)
    again = layer(x, task_ids=task_ids, training=False)
    np.testing.assert_array_equal(still, again)
    drawn = layer(x, task_ids=task_ids, training=True)
    assert not np.allclose(drawn, still, atol=1e-2)


def test_dropout_drops_shares_and_the_output_of_both_sublayers(
    scramble, mixed_batch
):
    x, _, task_ids = mixed_batch
    layer, shapes = make(scramble), []
    layer.dropout = lambda x: shapes.append(tuple(x.shape)) or 0 * x
    outputs = layer(x, task_ids=task_ids)
    assert shapes == [(4, 2, 5, 5), (4, 5, 8), (4, 5, 8)]
    # Only what goes past the sub-layers is left.
    rows = numpy_pals.rows_of(layer, task_ids)
    expected = numpy_pals.normalise(rows, "attention", x)
    expected = numpy_pals.normalise(rows, "feedforward", expected)
    np.testing.assert_allclose(outputs, expected, atol=ROUNDING)


def test_layer_norms_start_as_the_identity():
    layer = TopTransformer(2, 5, num_tasks=3)
    layer.build((None, None, 8))
    for name in ("attention", "feedforward"):
        assert np.all(np.array(getattr(layer, f"{name}_gamma")) == 1)
        assert not np.any(getattr(layer, f"{name}_beta"))


def test_count_is_that_of_a_layer_of_bert_base():
    layer = TopTransformer(12, 3072)
    layer.build((None, None, 768))
    attention = 4 * (768 * 768 + 768) + 2 * 768
    feedforward = (768 * 3072 + 3072) + (3072 * 768 + 768) + 2 * 768
    banks = layer.banks.values()
    count = sum(bank.value.shape.num_elements() for bank in banks)
    assert count == attention + feedforward == 7_087_872


def test_heads_that_do_not_divide_the_width_are_refused_on_build():
    with pytest.raises(ValueError, match="Received: dim=8, num_heads=3"):
        TopTransformer(3, 5).build((None, None, 8))


def test_feedforward_without_units_is_refused():
    with pytest.raises(ValueError, match="`intermediate_dim`.*=0"):
        TopTransformer(2, 0)

import numpy as np
import pytest

from tests import numpy_pals
from tests.rounding import ROUNDING
from tf_adapters.layers.projected import attention
from tf_adapters.layers.projected.attention import attend
from tf_adapters.layers.projected.attention import check_heads


def draw(units=12, batch=3, length=5, seed=0):
    rng = np.random.default_rng(seed)
    drawn = rng.normal(size=(3, batch, length, units))
    return drawn.astype("float32")


def test_by_hand():
    # Heads of 4 units, so that scores are halved. The first query has
    # 2 ln 3 / 2 = ln 3 with the second key and 0 with the first: shares 1/4
    # and 3/4. The second query is 0 with both: shares of a half.
    query = [[[2, 0, 0, 0], [0, 0, 0, 0]]]
    key = [[[0, 5, 6, 7], [np.log(3), 8, 9, 7]]]
    value = [[[4, 0, 8, -4], [8, 4, 0, -4]]]
    expected = [[[7, 3, 2, -4], [6, 2, 4, -4]]]
    arrays = (np.array(x, "float32") for x in (query, key, value))
    np.testing.assert_allclose(attend(*arrays, 1), expected, atol=ROUNDING)


def test_by_hand_with_a_unit_for_each_head():
    # The first head reads ln 3 against 0 from the second token, the second
    # head from the first token: shares 1/4, 3/4 and 3/4, 1/4.
    query = np.ones((1, 2, 2), "float32")
    key = np.array([[[0, np.log(3)], [np.log(3), 0]]], "float32")
    value = np.array([[[4, 40], [8, 80]]], "float32")
    expected = [[[7, 50], [7, 50]]]
    np.testing.assert_allclose(
        attend(query, key, value, 2), expected, atol=ROUNDING
    )


def test_by_hand_with_a_token_masked():
    # What is left shares as if the masked token were not there: 1/4 and 3/4.
    query = np.ones((1, 3, 1), "float32")
    key = np.array([[[0], [50], [np.log(3)]]], "float32")
    value = np.array([[[4], [1000], [8]]], "float32")
    mask = np.array([[1, 0, 1]], "int32")
    outputs = attend(query, key, value, 1, padding_mask=mask)
    np.testing.assert_allclose(outputs, [[[7], [7], [7]]], atol=ROUNDING)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("num_heads", [1, 2, 6, 12])
def test_output_is_that_of_the_formula(num_heads, masked):
    arrays = draw()
    mask = np.arange(5) < np.array([[5], [2], [1]]) if masked else None
    expected = numpy_pals.attend(*arrays.astype("float64"), num_heads, mask)
    outputs = attend(*arrays, num_heads, padding_mask=mask)
    np.testing.assert_allclose(outputs, expected, atol=ROUNDING)


@pytest.mark.parametrize("dtype", ["bool", "int32", "float32"])
def test_masked_tokens_have_exactly_no_influence(dtype):
    mask = np.array([[1, 1, 0, 1, 0]] * 3, dtype)
    arrays, others = draw(), draw(seed=1) * 30
    hidden = mask[0] == 0
    others[:, :, ~hidden] = arrays[:, :, ~hidden]
    one, other = (
        np.array(attend(*x, 3, padding_mask=mask))[:, ~hidden]
        for x in (arrays, others)
    )
    np.testing.assert_array_equal(one, other)


def test_example_without_a_token_is_no_nan():
    # All shares are equal then, and nobody reads the result.
    query, key, value = draw(batch=1)
    outputs = attend(query, key, value, 3, padding_mask=np.zeros((1, 5)))
    mean = np.broadcast_to(value.mean(axis=1, keepdims=True), value.shape)
    np.testing.assert_allclose(outputs, mean, atol=ROUNDING)


def test_dropout_is_given_the_shares_and_nothing_else():
    given = []

    def halve(shares):
        given.append(np.array(shares))
        return shares / 2

    arrays = draw()
    halved = attend(*arrays, 4, dropout=halve)
    np.testing.assert_allclose(halved, attend(*arrays, 4) / 2, atol=ROUNDING)
    (shares,) = given
    assert shares.shape == (3, 4, 5, 5)
    np.testing.assert_allclose(shares.sum(axis=-1), 1, atol=ROUNDING)


@pytest.mark.parametrize("num_heads, units", [(6, 34), (12, 17), (1, 204)])
def test_head_shapes(num_heads, units):
    """P3, and every head has neighbouring units."""
    x = np.arange(2 * 5 * 204.0).reshape(2, 5, 204)
    heads = np.array(attention.split_heads(x, num_heads)[0])
    assert heads.shape == (2, num_heads, 5, units)
    last = num_heads - 1
    np.testing.assert_array_equal(heads[:, last], x[..., last * units :])


def test_bfloat16_stays_bfloat16():
    arrays = draw().astype("float64")
    narrow = [attention.ops.cast(x, "bfloat16") for x in arrays]
    outputs = attend(*narrow, 3)
    assert outputs.dtype == "bfloat16"
    # 8 bits: a relative error of 2 ** -8 for each rounding.
    np.testing.assert_allclose(
        np.array(outputs, "float64"),
        numpy_pals.attend(*arrays, 3),
        atol=2**-5,
    )


@pytest.mark.parametrize("dim, num_heads", [(12, 1), (12, 12), (204, 6)])
def test_heads_that_divide_are_accepted(dim, num_heads):
    assert check_heads(dim, num_heads) is None


@pytest.mark.parametrize(
    "dim, num_heads", [(10, 4), (4, 8), (0, 1), (-4, 2), (4, 0), (4, -2)]
)
def test_heads_that_do_not_divide_are_refused(dim, num_heads):
    received = f"Received: dim={dim}, num_heads={num_heads}"
    with pytest.raises(ValueError, match=f"positive multiple.*{received}"):
        check_heads(dim, num_heads)

import keras
import numpy as np
import pytest

from tests.rounding import ROUNDING
from tf_adapters.layers import LowRankUpdate


def built(*args, width=8, **kwargs):
    layer = LowRankUpdate(*args, **kwargs)
    layer.build((None, None, width))
    return layer


def test_by_hand():
    # alpha / rank is 3. (1, 2) times a is (1 + 6, 2), that times b is
    # (14, -7 + 10), and three times that is (42, 9).
    layer = built(2, rank=2, alpha=6, width=2)
    layer.a.assign([[[1, 0], [3, 1]]])
    layer.b.assign([[[2, -1], [0, 5]]])
    x = np.array([[[1, 2]]], "float32")
    np.testing.assert_array_equal(layer(x), [[[42, 9]]])


@pytest.mark.usefixtures("either_way")
def test_output_is_that_of_the_formula(mixed_batch, scramble):
    x, mask, task_ids = mixed_batch
    layer = built(5, rank=3, alpha=2, num_tasks=3)
    scramble(layer.weights, scale=0.7)
    a, b = np.array(layer.a, "float64"), np.array(layer.b, "float64")
    expected = [
        2 / 3 * row @ (a[task] @ b[task])
        for row, task in zip(x, task_ids, strict=True)
    ]
    outputs = layer(x, task_ids=task_ids, padding_mask=mask)
    np.testing.assert_allclose(outputs, expected, atol=ROUNDING)
    outputs = layer(x, task_ids=np.int32(2))
    np.testing.assert_allclose(outputs, 2 / 3 * x @ a[2] @ b[2], atol=ROUNDING)


def test_new_tasks_add_nothing(mixed_batch):
    x, _, task_ids = mixed_batch
    layer = built(5, num_tasks=2)
    layer.add_tasks(1)
    assert np.abs(layer.a).min(axis=(1, 2)).all()
    outputs = layer(x, task_ids=task_ids)
    np.testing.assert_array_equal(outputs, np.zeros((4, 5, 5)))


def test_draws_are_those_of_the_authors():
    # He's bound is gain * sqrt(3 / fan_in), here sqrt(1 / fan_in): 0.1 for 100
    # inputs. The deviation of uniform draws is their bound over sqrt(3).
    a = np.array(built(1, rank=50, width=100, num_tasks=3).a)
    assert 0.099 < np.abs(a).max() <= 0.1
    np.testing.assert_allclose(a.std(axis=(1, 2)), 0.1 / 3**0.5, rtol=0.05)
    assert not np.allclose(a[0], a[1]) and not np.allclose(a[1], a[2])


def test_dropout_is_of_the_inputs_and_of_training():
    layer = built(8, rank=8, alpha=8, dropout=0.5)
    layer.a.assign(np.eye(8)[None])
    layer.b.assign(np.eye(8)[None])
    x = np.ones((4, 5, 8), "float32")
    model = keras.Sequential([layer])
    np.testing.assert_array_equal(model(x), x)
    assert set(np.unique(model(x, training=True))) == {0, 2}


def attention():
    layer = keras.layers.MultiHeadAttention(2, 3)
    layer.build((None, None, 8), (None, None, 8))
    return layer


DENSES = {
    "dense": lambda: keras.layers.Dense(6),
    "query": lambda: attention().query_dense,
    "value": lambda: attention().value_dense,
    "output": lambda: attention().output_dense,
}


@pytest.mark.parametrize("name", DENSES)
def test_merged_layer_computes_both_sums(name, scramble):
    rng = np.random.default_rng(0)
    dense = DENSES[name]()
    # Attention mixes 2 heads of 3 units, which the update reads as one axis.
    shape = (2, 5, 2, 3) if name == "output" else (2, 5, 8)
    x = rng.normal(size=shape).astype("float32")
    flat = x.reshape(2, 5, -1)
    expected = dense(x)
    layer = built(np.prod(expected.shape[2:]), rank=2, width=flat.shape[-1])
    scramble([*dense.weights, *layer.weights])
    before = [np.array(w) for w in dense.weights]
    expected = dense(x) + np.reshape(layer(flat), expected.shape)

    merged = layer.merged(dense)
    assert type(merged) is type(dense)
    np.testing.assert_allclose(merged(x), expected, atol=ROUNDING)
    assert not np.allclose(merged(x), dense(x), atol=0.1)
    assert not {id(w) for w in merged.weights} & {id(w) for w in dense.weights}
    for weight, value in zip(dense.weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_merged_layer_keeps_activation_and_policy(scramble):
    dense = keras.layers.Dense(6, activation="relu", dtype="mixed_bfloat16")
    dense.build((None, None, 8))
    layer = built(6, rank=2)
    scramble([*dense.weights, *layer.weights])
    merged = layer.merged(dense)
    assert merged.dtype_policy == dense.dtype_policy
    assert merged.kernel.dtype == "float32"
    # 16 / 2 is the scale. The kernel is the sum before the activation.
    update = 8 * np.array(layer.a[0]) @ np.array(layer.b[0])
    kernel = np.array(dense.kernel) + update
    np.testing.assert_allclose(merged.kernel, kernel, atol=ROUNDING)
    assert merged.activation is keras.activations.relu


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"units": 0}, "rank=8, units=0"),
        ({"units": 2, "rank": 0}, "at least 1.*rank=0, units=2"),
        ({"units": 2, "num_tasks": 0}, "num_tasks=0"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        LowRankUpdate(**arguments)


def test_arguments_come_back_from_the_config():
    config = {"units": 5, "rank": 2, "alpha": 3.0, "dropout": 0.1}
    layer = LowRankUpdate(num_tasks=3, **config)
    assert layer.get_config().items() >= config.items()
    revived = LowRankUpdate.from_config(layer.get_config())
    assert revived.get_config() == layer.get_config()

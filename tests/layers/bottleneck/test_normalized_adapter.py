import numpy as np
import pytest

from tests import numpy_hyperformer
from tests import numpy_phm
from tests.rounding import ROUNDING
from tf_adapters.layers import NormalizedAdapter


def built(bottleneck_dim=4, width=8, num_tasks=3, **kwargs):
    layer = NormalizedAdapter(bottleneck_dim, num_tasks=num_tasks, **kwargs)
    layer.build((None, None, width))
    return layer


def test_by_hand():
    # (1, 3) times down is 4, and (4, 1) with up and its bias. The norm makes
    # that (1, -1), and (2, -3) + (10, 20) = (12, 17) of it. With the input:
    # (13, 20). A norm of the sum would see (5, 4) and give the same signs, but
    # no input beside it.
    layer = built(1, width=2, num_tasks=1, activation="relu", epsilon=0.0)
    layer.down.assign([[[1], [1]]])
    layer.up.assign([[[1, 0]]])
    layer.up_bias.assign([[0, 1]])
    layer.gamma.assign([[2, 3]])
    layer.beta.assign([[10, 20]])
    x = np.array([[[1, 3]]], "float32")
    np.testing.assert_allclose(layer(x), [[[13, 20]]], rtol=1e-6)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("shared_norm", [False, True])
@pytest.mark.parametrize("scale", [0.0, 0.7])
def test_output_is_that_of_the_formula(
    mixed_batch, scramble, shared_norm, scale
):
    # Where it starts, the epsilon is as large as the variance.
    x, mask, task_ids = mixed_batch
    layer = built(shared_norm=shared_norm)
    scramble(layer.weights, scale=scale)
    norm = {}
    if shared_norm:
        norm = {
            name: np.array(getattr(layer, name), "float64")
            for name in ("gamma", "beta")
        }
    expected = [
        numpy_hyperformer.adapter(numpy_phm.weights_of(t, layer) | norm, row)
        for row, t in zip(x, task_ids, strict=True)
    ]
    outputs = layer(x, task_ids=task_ids, padding_mask=mask)
    np.testing.assert_allclose(outputs, expected, atol=3e-5)


def test_banks_are_those_of_a_bottleneck_and_of_its_norm():
    layer = built()
    bottleneck = {"down": (8, 4), "down_bias": (4,)}
    bottleneck |= {"up": (4, 8), "up_bias": (8,)}
    shapes = {k: tuple(v.shape[1:]) for k, v in layer.banks.items()}
    assert shapes == {**bottleneck, "gamma": (8,), "beta": (8,)}
    assert len(layer.trainable_weights) == 6


def test_shared_norm_is_one_for_all_tasks_and_no_bank():
    layer = built(shared_norm=True)
    assert set(layer.banks) == {"down", "down_bias", "up", "up_bias"}
    assert layer.gamma.shape == layer.beta.shape == (8,)
    trained = {id(w) for w in layer.trainable_weights}
    assert {id(layer.gamma), id(layer.beta)} < trained and len(trained) == 6
    before = [layer.gamma, layer.beta]
    layer.add_tasks(2)
    assert layer.gamma is before[0] and layer.beta is before[1]
    assert layer.down.shape[0] == 5


def test_shared_norm_computes_in_bfloat16(mixed_batch, scramble):
    x, _, task_ids = mixed_batch
    layer = built(shared_norm=True, dtype="mixed_bfloat16")
    expected = built(shared_norm=True)
    scramble(expected.weights)
    layer.set_weights(expected.get_weights())
    outputs = layer(x, task_ids=task_ids)
    assert (outputs.dtype, layer.gamma.dtype) == ("bfloat16", "float32")
    np.testing.assert_allclose(
        np.array(outputs, "float32"),
        expected(x, task_ids=task_ids),
        rtol=2**-5,
        atol=2**-4,
    )


def test_new_adapter_is_not_near_the_identity():
    """methods.md 0.4: 0.90 for a unit-variance input of the size of BERT."""
    layer = built(24, width=768, num_tasks=8)
    x = np.random.default_rng(0).normal(size=(8, 16, 768)).astype("float32")
    added = np.array(layer(x, task_ids=np.arange(8, dtype="int32"))) - x
    # Units before the activation are of sqrt(768) * 0.01 = 0.277. GELU is
    # u / 2 + u ** 2 / sqrt(2 * pi) near 0, of mean square 0.277 ** 2 / 4 +
    # 3 * 0.277 ** 4 / (2 * pi) = 0.022. The sum of 24 of them, times 0.01, has
    # a variance of 5.3e-5. The norm makes that 5.3e-5 / (5.3e-5 + 1e-5).
    np.testing.assert_allclose(added.std(), (5.3 / 6.3) ** 0.5, rtol=0.05)
    np.testing.assert_array_equal(layer.gamma, np.ones((8, 768)))
    np.testing.assert_array_equal(layer.beta, np.zeros((8, 768)))
    np.testing.assert_allclose(np.std(layer.down), 0.01, rtol=0.05)
    np.testing.assert_allclose(np.std(layer.up), 0.01, rtol=0.05)


@pytest.mark.parametrize("shared_norm", [False, True])
def test_what_a_new_adapter_adds_is_in_proportion_to_its_gain(shared_norm):
    layer = built(4, init_gain=0.25, shared_norm=shared_norm)
    x = np.random.default_rng(0).normal(size=(3, 5, 8)).astype("float32")
    task_ids = np.arange(3, dtype="int32")
    added = np.array(layer(x, task_ids=task_ids)) - x
    layer.gamma.assign(np.ones(layer.gamma.shape))
    whole = np.array(layer(x, task_ids=task_ids)) - x
    np.testing.assert_allclose(added, whole / 4, atol=ROUNDING)


def test_arguments_come_back_from_the_config():
    config = {
        "bottleneck_dim": 4,
        "shared_norm": True,
        "epsilon": 0.5,
        "init_gain": 0.2,
    }
    layer = NormalizedAdapter(num_tasks=3, activation="relu", **config)
    assert layer.get_config().items() >= config.items()
    revived = NormalizedAdapter.from_config(layer.get_config())
    assert revived.get_config() == layer.get_config()


def test_bottleneck_without_units_is_refused():
    with pytest.raises(ValueError, match="bottleneck_dim=0"):
        NormalizedAdapter(0)

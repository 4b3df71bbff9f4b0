import keras
import numpy as np
import pytest

from tests.numpy_bert import gelu_erf
from tests.numpy_bert import gelu_tanh
from tests.rounding import ROUNDING
from tf_adapters.layers import BottleneckAdapter


def formula(x, gelu, down, down_bias, up, up_bias):
    return x + gelu(x @ down + down_bias) @ up + up_bias


def test_by_hand():
    # x = (1, 2), down = (3, -1), down_bias = 1:  1*3 - 2*1 + 1 = 2
    # relu(2) = 2, up = (10, 20), up_bias = (1, 1):  (21, 41)
    # and the input is added: (22, 43).
    # The second token (0, 5) is cut off at zero, 0 - 5 + 1 = -4, so that only
    # the bias and the input are left: (1, 6).
    adapter = BottleneckAdapter(1, activation="relu")
    adapter.build((None, None, 2))
    adapter.down.assign([[[3], [-1]]])
    adapter.down_bias.assign([[1]])
    adapter.up.assign([[[10, 20]]])
    adapter.up_bias.assign([[1, 1]])
    x = np.array([[[1, 2], [0, 5]]], "float32")
    np.testing.assert_array_equal(adapter(x), [[[22, 43], [1, 6]]])


def test_by_hand_with_a_task_for_each_example():
    # Task t multiplies by t + 1 and adds the input.
    adapter = BottleneckAdapter(1, num_tasks=3, activation="relu")
    adapter.build((None, None, 1))
    adapter.down.assign(np.ones((3, 1, 1)))
    adapter.up.assign(np.array([1, 2, 3]).reshape(3, 1, 1))
    x = np.array([[[1], [2]], [[1], [2]], [[1], [2]]], "float32")
    y = adapter(x, task_ids=np.array([2, 0, 1], "int32"))
    np.testing.assert_array_equal(y[..., 0], [[4, 8], [2, 4], [3, 6]])


@pytest.mark.parametrize(
    "activation, gelu",
    [("gelu_approximate", gelu_tanh), ("gelu_exact", gelu_erf)],
)
def test_output_is_that_of_the_formula(activation, gelu, scramble):
    adapter = BottleneckAdapter(5, num_tasks=3, activation=activation)
    adapter.build((None, None, 8))
    scramble(adapter.weights, scale=0.7)
    x = np.random.default_rng(1).normal(size=(4, 3, 8))
    task_ids = np.array([1, 0, 2, 1], "int32")
    banks = [np.array(b, "float64") for b in adapter.banks.values()]
    expected = [
        formula(x[i], gelu, *(bank[task] for bank in banks))
        for i, task in enumerate(task_ids)
    ]
    outputs = adapter(x.astype("float32"), task_ids=task_ids)
    np.testing.assert_allclose(outputs, expected, atol=ROUNDING)


def test_the_two_gelus_differ_and_the_default_is_the_authors():
    x = np.linspace(-3, 3, 50)
    assert np.abs(gelu_tanh(x) - gelu_erf(x)).max() > 1e-4
    assert BottleneckAdapter(1).get_config()["activation"] == "gelu_approximate"


def test_padding_mask_is_taken_and_ignored():
    adapter = BottleneckAdapter(2)
    x = np.ones((1, 3, 4), "float32")
    mask = np.array([[1, 0, 0]], "int32")
    np.testing.assert_array_equal(adapter(x, padding_mask=mask), adapter(x))


def test_kernels_are_drawn_as_the_authors_draw_them():
    # A normal of standard deviation s, cut at 2 s, has 0.8796 s left. The
    # estimate from n draws is off by about 1 / sqrt(2 n) of it: 0.3 % for
    # 49,152 draws; 2 % is six times as much.
    adapter = BottleneckAdapter(64)
    adapter.build((None, None, 768))
    for kernel in (adapter.down, adapter.up):
        kernel = np.array(kernel)
        np.testing.assert_allclose(kernel.std(), 0.8796e-3, rtol=0.02)
        assert np.abs(kernel).max() <= 2e-3
    assert not np.any(adapter.down_bias) and not np.any(adapter.up_bias)


@pytest.mark.parametrize("stddev, expected", [(1e-3, 8.6e-5), (1e-2, 9.0e-3)])
def test_new_adapter_disturbs_as_little_as_the_authors_does(stddev, expected):
    # methods.md 0.4, measured on the reference code for inputs of variance 1.
    # Its figures have two digits (0.6 %). The variance of the output goes
    # with a sum over 64 units of chi-squared terms whose scale is itself
    # drawn, off by sqrt(2 / 64) / 2 = 9 %; over the seeds of two kernels 20 %.
    normal = keras.initializers.TruncatedNormal(stddev=stddev)
    adapter = BottleneckAdapter(64, kernel_initializer=normal)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 128, 768)).astype("float32")
    # In float64, since 8.6e-5 is near what float32 leaves of 1 + 8.6e-5.
    adapter.build(x.shape)
    banks = [np.array(b, "float64")[0] for b in adapter.banks.values()]
    disturbance = formula(x.astype("float64"), gelu_tanh, *banks) - x
    np.testing.assert_allclose(disturbance.std(), expected, rtol=0.2)
    np.testing.assert_allclose(
        (adapter(x) - x).numpy().std(), expected, rtol=0.2
    )


def test_adapter_with_nothing_to_add_is_the_identity():
    # H1: `up` and `up_bias` at zero, whatever `down` is.
    adapter = BottleneckAdapter(3)
    x = np.random.default_rng(0).normal(size=(2, 5, 8)).astype("float32")
    adapter.build(x.shape)
    adapter.up.assign(np.zeros((1, 3, 8)))
    np.testing.assert_array_equal(adapter(x), x)


@pytest.mark.parametrize("num_tasks", [1, 3])
@pytest.mark.parametrize("units", [1, 8, 64])
def test_count_is_the_closed_form_times_the_tasks(units, num_tasks):
    adapter = BottleneckAdapter(units, num_tasks=num_tasks)
    adapter.build((None, None, 768))
    one = 2 * units * 768 + units + 768
    assert adapter.count_params() == num_tasks * one


@pytest.mark.parametrize("bottleneck_dim", [0, -1])
def test_bottleneck_without_units_is_refused(bottleneck_dim):
    with pytest.raises(
        ValueError,
        match=f"`bottleneck_dim` must be at least 1.*={bottleneck_dim}",
    ):
        BottleneckAdapter(bottleneck_dim)


def test_unknown_activation_is_refused_by_its_name():
    with pytest.raises(ValueError, match="gleu"):
        BottleneckAdapter(1, activation="gleu")


@keras.saving.register_keras_serializable(package="tests")
def cube(x):
    return x**3


@pytest.mark.parametrize(
    "activation", ["gelu_approximate", "gelu_exact", "relu", "swish", cube]
)
def test_activation_comes_back_from_the_config(activation):
    adapter = BottleneckAdapter(2, activation=activation)
    revived = BottleneckAdapter.from_config(adapter.get_config())
    assert revived.activation is adapter.activation


def test_initializer_comes_back_from_the_config():
    adapter = BottleneckAdapter(2, kernel_initializer="he_normal")
    revived = BottleneckAdapter.from_config(adapter.get_config())
    assert isinstance(revived.kernel_initializer, keras.initializers.HeNormal)
    default = BottleneckAdapter.from_config(BottleneckAdapter(2).get_config())
    assert default.kernel_initializer.stddev == 1e-3

import numpy as np
import pytest
import tensorflow as tf

from tests.numpy_fastfood import draw
from tests.numpy_fastfood import hadamard
from tests.numpy_fastfood import matrix
from tests.rounding import ROUNDING
from tf_adapters.layers.updates.fastfood import Fastfood
from tf_adapters.layers.updates.fastfood import walsh_hadamard


def test_orders_2_and_4_by_hand():
    # Sums and differences; then those of (3, 7) and of (-1, -1).
    np.testing.assert_array_equal(
        walsh_hadamard(np.array([[1, 2.0]])), [[3, -1]]
    )
    x = np.array([[1, 2, 3, 4]], "float32")
    np.testing.assert_array_equal(walsh_hadamard(x), [[10, -2, -4, 0]])


@pytest.mark.parametrize(
    "size",
    [1, 2, 32, 64, 256, 2048, pytest.param(2**13, marks=pytest.mark.large)],
)
def test_it_is_the_product_with_the_matrix(size):
    x = np.random.default_rng(0).normal(size=(3, size)).astype("float32")
    expected = x.astype("float64") @ hadamard(size)
    atol = 1e-5 * np.sqrt(size)
    np.testing.assert_allclose(walsh_hadamard(x), expected, atol=atol)


def test_its_square_is_the_size_times_the_identity():
    x = np.random.default_rng(0).normal(size=(1, 2**17)).astype("float32")
    twice = walsh_hadamard(walsh_hadamard(x))
    np.testing.assert_allclose(twice / 2**17, x, atol=1e-4)


@pytest.mark.parametrize("size", [0, 3, 96])
def test_other_sizes_are_refused(size):
    with pytest.raises(ValueError, match=rf"power of 2.*shape=\(1, {size}\)"):
        walsh_hadamard(np.ones((1, size), "float32"))


# Shorter than the padded units, as long, and cut; one unit; powers of two.
SIZES = [(5, 100), (16, 16), (7, 8), (60, 33), (200, 100), (3, 1), (1, 9)]


@pytest.mark.parametrize("input_dim, units", SIZES)
@pytest.mark.parametrize("is_drawn", [True, False])
def test_it_is_the_product_of_the_five_matrices(input_dim, units, is_drawn):
    seeds = [[3, 1], 4, [3, 0]]
    projection = Fastfood(input_dim, units, seeds)
    if is_drawn:
        projection.draw()
    z = np.random.default_rng(0).normal(size=input_dim).astype("float32")
    expected = [matrix(input_dim, units, seed) @ z for seed in seeds]
    np.testing.assert_allclose(projection(z), expected, atol=ROUNDING)


def test_a_space_of_more_than_16_bits():
    # A single one: a column of the matrix, whose entries are as large as G.
    width, units = 2**17, 2**17 + 1
    signs, permutation, normals = draw(2**18, 5)
    z = np.zeros(width, "float32")
    z[70_000] = 2
    column = 2 * signs[70_000] * sylvester(2**18, 70_000)[permutation]
    expected = walsh_hadamard((column * normals)[None].astype("float32"))
    scale = np.sqrt(units * np.sum(normals**2))
    np.testing.assert_allclose(
        Fastfood(width, units, [5])(z)[0],
        expected[0, :units] / scale,
        atol=ROUNDING,
    )


def sylvester(size, column):
    """One column: signs say whether two indices share an odd number of bits."""
    common = np.arange(size) & column
    bits = np.array([bin(i).count("1") for i in common])
    return (-1.0) ** bits


def test_it_is_linear():
    projection = Fastfood(20, 300, [0])
    a, b = np.random.default_rng(0).normal(size=(2, 20)).astype("float32")
    np.testing.assert_allclose(
        projection(2 * a - 3 * b),
        2 * projection(a) - 3 * projection(b),
        atol=ROUNDING,
    )
    np.testing.assert_array_equal(projection(0 * a), np.zeros((1, 300)))


def test_the_result_is_about_as_long_as_the_vector():
    z = np.random.default_rng(0).normal(size=500).astype("float32")
    for units in (3_000, 4_096):
        length = np.linalg.norm(Fastfood(500, units, [0])(z))
        np.testing.assert_allclose(length, np.linalg.norm(z), rtol=0.1)


@pytest.mark.parametrize("input_dim, units", SIZES)
def test_gradient_is_the_product_with_the_transpose(input_dim, units):
    projection = Fastfood(input_dim, units, [7, 8])
    z = tf.zeros(input_dim)
    upstream = np.random.default_rng(0).normal(size=(2, units))
    with tf.GradientTape() as tape:
        tape.watch(z)
        loss = tf.reduce_sum(projection(z) * upstream.astype("float32"))
    expected = sum(
        own @ matrix(input_dim, units, seed)
        for own, seed in zip(upstream, (7, 8), strict=True)
    )
    gradient = tf.convert_to_tensor(tape.gradient(loss, z))
    np.testing.assert_allclose(gradient, expected, atol=ROUNDING)


def test_seeds_draw_different_projections():
    z = np.ones(8, "float32")
    found = np.array(Fastfood(8, 8, [0, 1, [0, 1], [1, 0]])(z))
    for i, a in enumerate(found):
        for b in found[i + 1 :]:
            assert not np.allclose(a, b, atol=1e-2)


def test_the_global_seed_is_left_alone():
    np.random.seed(0)
    expected = np.random.RandomState(0).normal(size=3)
    Fastfood(8, 8, [1]).draw()
    np.testing.assert_array_equal(np.random.normal(size=3), expected)


@pytest.mark.large
@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_graph_refers_to_what_was_drawn(jit_compile):
    projection = Fastfood(50, 50_000, [0])
    projection.draw()
    z = np.random.default_rng(0).normal(size=50).astype("float32")
    compiled = tf.function(projection, jit_compile=jit_compile)
    np.testing.assert_allclose(compiled(z), projection(z), atol=ROUNDING)
    graph = compiled.get_concrete_function(z).graph
    # The small matrices are in it, the 65,536 rows and normals are not.
    assert len(graph.as_graph_def().SerializeToString()) < 65_536

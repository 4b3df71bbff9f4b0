"""Fastfood in NumPy, by explicit matrices, to hold the projections to.

P = (H G Pi H B) / (sqrt(n sum(G^2)) sqrt(units / n)), its first rows.
"""

import functools
import math

import numpy as np


def hadamard(size):
    """Sylvester's construction, one factor of two after another."""
    factors = [[[1, 1], [1, -1]]] * int(math.log2(size))
    return functools.reduce(np.kron, factors, np.ones((1, 1)))


def draw(size, seed):
    """B, Pi and G as they are drawn, one after another."""
    random = np.random.RandomState(seed)
    signs = 2.0 * random.randint(0, 2, size, "int8") - 1
    return signs, random.permutation(size), random.standard_normal(size)


def matrix(input_dim, units, seed):
    """The projection as a matrix of shape `(units, input_dim)`."""
    size = 2 ** math.ceil(math.log2(units))
    signs, permutation, normals = draw(size, seed)
    h = hadamard(size)
    product = h @ np.diag(normals) @ np.eye(size)[permutation] @ h
    product = product @ np.diag(signs)
    # A longer z is cut to `size` entries: the others do not count.
    product = np.pad(product, [(0, 0), (0, max(input_dim - size, 0))])
    scale = np.sqrt(size * np.sum(normals**2)) * np.sqrt(units / size)
    return product[:units, :input_dim] / scale

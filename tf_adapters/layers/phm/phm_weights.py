"""Parameterized hypercomplex multiplication (PHM): sums of Kronecker products.

A kernel of `input_dim` rows and `units` columns is `sum_i A_i (x) B_i`, with
`n` matrices `A_i` of `(n, n)`, the rule, and `n` matrices `B_i` of
`(input_dim / n, units / n)`, the factors. It has
`n ** 3 + input_dim * units / n` weights in the place of `input_dim * units`.
"""

import keras
from keras import ops

from tf_adapters.layers.banks.stacked import Stacked


def check_division(phm_dim, **sizes):
    """Refuses sizes that `phm_dim` does not divide.

    Raises:
        ValueError: if one of them is not a multiple of `phm_dim`.
    """
    if phm_dim < 1 or any(
        size < 1 or size % phm_dim for size in sizes.values()
    ):
        received = ", ".join(f"{k}={v}" for k, v in sizes.items())
        raise ValueError(
            "`phm_dim` must divide both sizes of a PHM kernel. Received: "
            f"phm_dim={phm_dim} for {received}."
        )


def add_rule(layer, name, phm_dim, initializer, factorize=False, learn=True):
    """Adds the banks of the rule `name` to a `TaskLayer`.

    Args:
        layer: a `TaskLayer` in its `build`.
        name: str. First part of the names of the banks.
        phm_dim: int. `n`.
        initializer: of the rule, or of both its factors.
        factorize: bool. Whether every `A_i` is a column times a row.
        learn: bool. Whether it is trained.
    """
    n = phm_dim
    shapes = {name: (n, n, n)}
    if factorize:
        shapes = {f"{name}_left": (n, n, 1), f"{name}_right": (n, 1, n)}
    for key, shape in shapes.items():
        layer.add_bank(key, shape, initializer)
        getattr(layer, key).trainable = learn


def rule_of(weights, name="rule"):
    """Returns the rule, `(..., n, n, n)`, from banks or selected weights."""
    if name in weights:
        return weights[name]
    return ops.matmul(weights[f"{name}_left"], weights[f"{name}_right"])


def add_factors(layer, name, input_dim, units, phm_dim, rank=None):
    """Adds the banks of the factors `name` to a `TaskLayer`.

    Every `B_i` is drawn on its own, uniform with Glorot's bound times the root
    of 2, as are both its factors: what the authors' code does.

    Args:
        layer: a `TaskLayer` in its `build`.
        name: str. First part of the names of the banks.
        input_dim, units: ints. Sizes of the kernel.
        phm_dim: int. `n`.
        rank: int. Rank of every `B_i`, or `None` for any.
    """
    check_division(phm_dim, input_dim=input_dim, units=units)
    rows, columns = input_dim // phm_dim, units // phm_dim
    shapes = {f"{name}_factors": (phm_dim, rows, columns)}
    if rank is not None:
        shapes = {
            f"{name}_left": (phm_dim, rows, rank),
            f"{name}_right": (phm_dim, rank, columns),
        }
    glorot = keras.initializers.VarianceScaling(2.0, "fan_avg", "uniform")
    for key, shape in shapes.items():
        layer.add_bank(key, shape, Stacked(glorot))


def factors_of(weights, name):
    """Returns the factors, `(..., n, rows, columns)`."""
    if f"{name}_factors" in weights:
        return weights[f"{name}_factors"]
    return ops.matmul(weights[f"{name}_left"], weights[f"{name}_right"])


def kernel_of(rule, factors):
    """Multiplies rule and factors out.

    Args:
        rule: Tensor of shape `(..., n, n, n)`.
        factors: Tensor of shape `(..., n, rows, columns)`.

    Returns:
        Tensor of shape `(..., n * rows, n * columns)`, the kernel.
    """
    n, rows, columns = factors.shape[-3:]
    blocks = ops.einsum("...iac,...ipq->...apcq", rule, factors)
    shape = (*ops.shape(rule)[:-3], n * rows, n * columns)
    return ops.reshape(blocks, shape)

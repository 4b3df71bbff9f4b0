"""A PHM product in two orders that agree, and which one is the faster.

Milliseconds of forward pass and gradient on two busy CPU cores, the kernel made
/ not made, `phm_dim` 4, one task, by batch size x length:

| kernel     | rank | 1 x 16      | 8 x 32      | 32 x 64   | 32 x 128   |
|------------|------|-------------|-------------|-----------|------------|
| 384 x 24   | any  | 0.59 / 0.66 | 0.55 / 0.89 | 1.8 / 5.0 | 5.4 / 8.4  |
| 384 x 24   | 1    | 0.56 / 0.58 | 0.73 / 0.90 | 1.6 / 4.8 | 5.8 / 6.6  |
| 768 x 96   | any  | 0.58 / 0.81 | 4.3 / 4.4   | 16 / 28   | 28 / 56    |
| 768 x 96   | 1    | 2.7 / 3.1   | 1.4 / 0.97  | 15 / 11   | 28 / 16    |
| 768 x 768  | any  | 6.7 / 4.5   | 6.9 / 12.5  | 70 / 139  | 133 / 299  |
| 768 x 768  | 1    | 2.3 / 0.86  | 6.0 / 1.2   | 44 / 8.1  | 159 / 6.1  |
| 768 x 3072 | any  | 11 / 6.2    | 72 / 91     | 343 / 705 | 670 / 1574 |
| 768 x 3072 | 1    | 17 / 3.8    | 22 / 2.1    | 352 / 6.7 | 644 / 17   |

Adapters of width 24 on 384 units, of any rank, are faster with the kernel made.
Of the 192 shapes that `python benchmarks/phm_orders.py` times, `kernel_pays`
takes the slower order for 18, at worst 1.34 times slower. In mixed batches of
four tasks (`--num_tasks 4 --phm_dims 4 12`) it does for 25 of 96, at worst 4.5
times, for 16 tokens whose number the graph does not say. Nothing of this has
been measured on a GPU.
"""

import math

from keras import ops

from tf_adapters.layers.banks import bank
from tf_adapters.layers.phm import phm_weights

# Fitted to the table: the cost of a value that is written between two products,
# in multiplications and in values of a kernel, and the size below which a
# kernel is made before a further product has started.
_MULTIPLICATIONS = 300
_KERNEL_VALUES = 2
_SMALLEST = 2**18


def kernel_pays(input_dim, units, phm_dim, rank=None, tokens=None):
    """Says whether a product is faster with the kernel made than without.

    Of low rank, not to make it saves a multiplication for each value of the
    kernel and token, and writes `2 * phm_dim**2 * rank` values a token between
    the products. Of full rank it saves the making alone, once, and writes
    `phm_dim * units` values a token: that pays for few tokens.

    Args:
        input_dim, units, phm_dim: ints.
        rank: int, or `None` for any. Defaults to `None`.
        tokens: int. How many tokens a kernel is multiplied by, or `None` if
            the graph does not say: many. Defaults to `None`.

    Returns:
        bool.
    """
    size = input_dim * units
    if rank is None:
        if tokens is None or size < _SMALLEST:
            return True
        return size < _KERNEL_VALUES * tokens * phm_dim * units
    products = phm_dim * rank * (input_dim + units)
    return size <= products + _MULTIPLICATIONS * 2 * phm_dim**2 * rank


def project(inputs, weights, name, materialise=None):
    """Multiplies `inputs` by the kernel that rule and factors make.

    Args:
        inputs: Tensor of shape `(batch_size, sequence_length, input_dim)`.
        weights: dict of selected weights, of the rule and of the factors
            `name`.
        name: str.
        materialise: bool. Whether the kernel is made, or `None` for what
            `kernel_pays` says. Defaults to `None`.

    Returns:
        Tensor of shape `(batch_size, sequence_length, units)`.
    """
    if materialise is None:
        right = weights.get(f"{name}_right")
        part = weights[f"{name}_factors"] if right is None else right
        # A kernel of one example meets the tokens of that example only.
        own = len(part.shape) == 4
        sizes = tuple(inputs.shape[1:2] if own else inputs.shape[:2])
        materialise = kernel_pays(
            input_dim=inputs.shape[-1],
            units=part.shape[-3] * part.shape[-1],
            phm_dim=part.shape[-3],
            rank=None if right is None else part.shape[-2],
            tokens=None if None in sizes else math.prod(sizes),
        )
    order = project_materialised if materialise else project_factored
    return order(inputs, weights, name)


def project_factored(inputs, weights, name):
    """Multiplies `inputs` by the parts of the kernel, one after the other.

    Args and returns: as for `project`.
    """
    rule = phm_weights.rule_of(weights)
    n = rule.shape[-1]
    own = "z" if len(rule.shape) == 4 else ""
    shape = ops.shape(inputs)
    x = ops.reshape(inputs, (shape[0], shape[1], n, inputs.shape[-1] // n))
    if f"{name}_left" in weights:
        left, right = weights[f"{name}_left"], weights[f"{name}_right"]
        x = ops.einsum(f"zsap,{own}ipr->zsair", x, left)
        x = ops.einsum(f"zsair,{own}iac->zsicr", x, rule)
        x = ops.einsum(f"zsicr,{own}irq->zscq", x, right)
    else:
        x = ops.einsum(f"zsap,{own}ipq->zsaiq", x, weights[f"{name}_factors"])
        x = ops.einsum(f"zsaiq,{own}iac->zscq", x, rule)
    units = x.shape[-2] * x.shape[-1]
    return ops.reshape(x, (shape[0], shape[1], units))


def project_materialised(inputs, weights, name):
    """Makes the kernel and multiplies `inputs` by it.

    Args and returns: as for `project`.
    """
    kernel = phm_weights.kernel_of(
        phm_weights.rule_of(weights), phm_weights.factors_of(weights, name)
    )
    return bank.project(inputs, kernel)

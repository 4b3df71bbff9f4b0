"""How far two computations of the same thing may be apart.

Stored things are compared bit for bit. Two computations of different shape, or
in different programs, are not: which kernel multiplies depends on the processor
and on the shape, and each rounds its own way.
"""

import numpy as np

# A tiny encoder rounds some 60 times between its inputs and an output: twelve
# products, sums and norms in each of two layers and the embeddings, and as many
# in the sums of 16 to 32 terms within them. At worst all errors add up.
_ROUNDINGS = 64
# bfloat16 sums in float32 and rounds once an operation; errors of both signs
# add up as the root of their number.
_EPSILON = {"float32": 2.0**-23, "bfloat16": 2.0**-8 / 8**0.5}

# The same in float32, for outputs of about 1: what `assert_allclose` allows two
# computations of the same that are written differently.
ROUNDING = 1e-5

# The logits of classes that a task does not have are -1e9, less than this.
_NO_CLASS = -1e8


def assert_same_to_rounding(actual, expected):
    """Compares two Tensors of one dtype, to what rounding explains.

    Args:
        actual, expected: Tensors of one shape and dtype.
    """
    dtype = str(getattr(expected.dtype, "name", expected.dtype))
    assert str(getattr(actual.dtype, "name", actual.dtype)) == dtype
    actual, expected = (np.array(x, "float64") for x in (actual, expected))
    computed = expected > _NO_CLASS
    np.testing.assert_array_equal(actual > _NO_CLASS, computed)
    scale = max(1.0, np.abs(expected[computed]).max())
    tolerance = _ROUNDINGS * _EPSILON[dtype] * scale
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance)

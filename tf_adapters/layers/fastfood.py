"""Random projections out of a narrow space, without their matrices.

The secret is the Walsh-Hadamard matrix H, of ones and minus ones. It is the
Kronecker product of smaller ones, so that a product with it is a few products
with small matrices; and H of zeros below a vector is the H of the vector alone,
repeated.
"""

import functools

import numpy as np
from keras import ops

# Of the small matrices. Accelerators multiply blocks of this size.
_MOST_BITS = 7


def walsh_hadamard(inputs):
    """Multiplies vectors by the Walsh-Hadamard matrix, which is symmetric.

    It is not normalised: its square is `size` times the identity.

    Args:
        inputs: Tensor of shape `(num, size)`, of a size that is a power of 2.

    Returns:
        Tensor of the shape of `inputs`.

    Raises:
        ValueError: if the size is no power of 2.
    """
    num, size = inputs.shape
    bits = size.bit_length() - 1
    if size != 1 << bits:
        raise ValueError(
            "`inputs` must have a power of 2 as their last dimension. "
            f"Received: inputs.shape={tuple(inputs.shape)}. Pad them with "
            "zeros."
        )
    parts = -(-bits // _MOST_BITS)
    x, done = inputs, num
    for part in range(parts):
        # As equal as can be: 2 ** 15 is 32 * 32 * 32, not 128 * 128 * 2.
        order = 1 << (bits + part) // parts
        done *= order
        rest = num * size // done
        if rest == 1:
            x = ops.matmul(ops.reshape(x, (-1, order)), _hadamard(order))
        else:
            x = ops.reshape(x, (-1, order, rest))
            x = ops.matmul(_hadamard(order), x)
    return ops.reshape(x, (num, size))


@functools.cache
def _hadamard(order):
    matrix = np.ones((1, 1), "float32")
    while len(matrix) < order:
        matrix = np.kron([[1, 1], [1, -1]], matrix)
    return matrix.astype("float32")


class Fastfood:
    """A random projection in little memory and time.

    Computes, of a vector z that is padded with zeros to the next power of two
    at or above `units`, called n, or cut to its first n entries,

        (H G Pi H B z)[:units] / (sqrt(n * sum(G ** 2)) * sqrt(units / n))

    with random signs B, a random permutation Pi and standard normals G, so that
    the result is about as long as z. A seed always draws the same ones, which
    are no weights: nobody saves, counts or trains them.

    Args:
        input_dim: int. Length of the vectors.
        units: int. Length of the results.
        seed: int or list of ints, not negative.

    References:
     - [Le et al., 2013](https://arxiv.org/abs/1408.3060)
     - [Aghajanyan et al., 2021](https://arxiv.org/abs/2012.13255), section 3,
       with the scale and the cut of the authors' code.
    """

    def __init__(self, input_dim, units, seed):
        self.units = units
        self._seed = seed
        self._padded = _power_of_2(units)
        # The zeros beyond it are never multiplied.
        self._width = min(_power_of_2(input_dim), self._padded)
        self._constants = None

    def draw(self):
        """Makes B, Pi and G, if they have not been made.

        Must be called outside of any graph, since one that makes them holds a
        copy of them. They take about six bytes for each unit of `n`.
        """
        if self._constants is None:
            self._constants = [ops.convert_to_tensor(x) for x in self._drawn()]

    def __call__(self, inputs):
        """Projects vectors.

        Args:
            inputs: float32 Tensor of shape `(num, input_dim)`.

        Returns:
            float32 Tensor of shape `(num, units)`.
        """
        signs, permutation, normals = self._constants or self._drawn()
        x = inputs[:, : self._width]
        x = ops.pad(x, [(0, 0), (0, self._width - x.shape[1])])
        x = walsh_hadamard(x * signs)
        x = ops.take(x, ops.cast(permutation, "int32"), axis=1)
        return walsh_hadamard(x * normals)[:, : self.units]

    def _drawn(self):
        # Not the newer generators: NumPy promises that the numbers of this one
        # never change, and what was trained in one space is lost in another.
        random = np.random.RandomState(self._seed)
        signs = 2 * random.randint(0, 2, self._padded, "int8") - 1
        permutation = random.permutation(self._padded)
        normals = random.standard_normal(self._padded)
        length = np.sqrt(self.units * np.sum(normals**2))
        # Row r of the padded transform is row r % width of the one that is
        # computed. 16 bits are less to keep, and a GPU leaves int32 behind.
        is_narrow = self._width <= 2**16
        return (
            signs[: self._width].astype("float32"),
            (permutation % self._width).astype(
                "uint16" if is_narrow else "int32"
            ),
            (normals / length).astype("float32"),
        )


def _power_of_2(size):
    return 1 << (size - 1).bit_length()

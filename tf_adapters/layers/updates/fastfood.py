"""Random projections out of a narrow space, without their matrices.

The secret is the Walsh-Hadamard matrix H, of ones and minus ones. It is the
Kronecker product of smaller ones, so that a product with it is a few products
with small matrices; and H of zeros below a vector is the H of the vector alone,
repeated.
"""

import functools

import numpy as np
from keras import ops

# Matrices of 32 rows at most. Larger ones are no faster on a CPU, and a graph
# holds them once for each tensor of an encoder.
_MOST_BITS = 5


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
    if size < 1 or size & (size - 1):
        raise ValueError(
            "`inputs` must have a power of 2 as their last dimension. "
            f"Received: inputs.shape={tuple(inputs.shape)}. Pad them with "
            "zeros."
        )
    bits = size.bit_length() - 1
    parts = -(-bits // _MOST_BITS)
    x, done = inputs, num
    for part in range(parts):
        # As equal as can be: 2 ** 12 is 16 * 16 * 16, not 32 * 32 * 4.
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
    """Random projections of a vector, in little memory and time.

    Computes for each seed, of a vector z that is padded with zeros to the next
    power of two at or above `units`, called n, or cut to its first n entries,

        (H G Pi H B z)[:units] / (sqrt(n * sum(G ** 2)) * sqrt(units / n))

    with random signs B, a random permutation Pi and standard normals G, so that
    the result is about as long as z. A seed always draws the same ones, which
    are no weights: nobody saves, counts or trains them.

    Args:
        input_dim: int. Length of the vector.
        units: int. Length of the results.
        seeds: list of seeds, each an int or a list of ints, not negative.

    References:
     - [Le et al., 2013](https://arxiv.org/abs/1408.3060)
     - [Aghajanyan et al., 2021](https://arxiv.org/abs/2012.13255), section 3,
       with the scale and the cut of the authors' code.
    """

    def __init__(self, input_dim, units, seeds):
        self.units = units
        self._seeds = seeds
        self._padded = _power_of_2(units)
        # The zeros beyond it are never multiplied.
        self._width = min(_power_of_2(input_dim), self._padded)
        self._constants = None

    def draw(self):
        """Makes B, Pi and G, if they have not been made.

        Must be called outside of any graph, since one that makes them holds a
        copy of them. They take about six bytes for each of n entries.
        """
        if self._constants is None:
            self._constants = [ops.convert_to_tensor(x) for x in self._drawn()]

    def __call__(self, inputs):
        """Projects a vector.

        Args:
            inputs: float32 Tensor of shape `(input_dim,)`.

        Returns:
            float32 Tensor of shape `(num_seeds, units)`.
        """
        signs, rows, normals = self._constants or self._drawn()
        x = inputs[: self._width]
        x = ops.pad(x, [(0, self._width - x.shape[0])])
        x = walsh_hadamard(x * signs)
        # All at once, out of what all of them transformed.
        starts = self._width * np.arange(len(self._seeds), dtype="int32")
        rows = ops.cast(rows, "int32") + starts[:, None]
        x = ops.take(ops.reshape(x, (-1,)), rows, axis=0)
        return walsh_hadamard(x * normals)[:, : self.units]

    def _drawn(self):
        each = [self._drawn_from(seed) for seed in self._seeds]
        return [np.stack(arrays) for arrays in zip(*each, strict=True)]

    def _drawn_from(self, seed):
        # Not the newer generators: NumPy promises that the numbers of this one
        # never change, and what was trained in one space is lost in another.
        random = np.random.RandomState(seed)
        signs = 2 * random.randint(0, 2, self._padded, "int8") - 1
        permutation = random.permutation(self._padded)
        normals = random.standard_normal(self._padded)
        length = np.sqrt(self.units * np.sum(normals**2))
        # Row r of the padded transform is row r % width of the one that is
        # computed. 16 bits are less to keep, and a GPU leaves int32 behind.
        dtype = "uint16" if self._width <= 2**16 else "int32"
        return (
            signs[: self._width].astype("float32"),
            (permutation % self._width).astype(dtype),
            (normals / length).astype("float32"),
        )


def _power_of_2(size):
    return 1 << (size - 1).bit_length()

"""What workers that train together have to decide together."""

import hashlib

import numpy as np
import tensorflow as tf


class Agreement:
    """Asks all workers at the same time.

    Each must ask the same, after the same step. With one process there is
    nobody to ask.

    Args:
        strategy: a `tf.distribute.Strategy`.
    """

    def __init__(self, strategy: tf.distribute.Strategy) -> None:
        self._strategy = strategy
        several = tf.distribute.MultiWorkerMirroredStrategy
        self._is_alone = not isinstance(strategy, several)

    def any_of(self, *flags: bool) -> list[bool]:
        """Returns for each flag whether it is set in any of the processes."""
        if self._is_alone:
            return list(flags)
        return [total > 0 for total in self._sum(*map(float, flags))]

    def is_same(self, text: str) -> bool:
        """Whether all processes have that text."""
        if self._is_alone:
            return True
        # 24 bits each, so that sums of squares are exact.
        digest = hashlib.sha256(text.encode()).digest()
        parts = [int.from_bytes(digest[i : i + 3]) for i in range(0, 24, 3)]
        squares = [part**2 for part in parts]
        count, *sums = self._sum(1, *parts, *squares)
        # All are the same where the variance is zero.
        totals, squares = sums[: len(parts)], sums[len(parts) :]
        return all(
            total**2 == square * count
            for total, square in zip(totals, squares, strict=True)
        )

    def _sum(self, *numbers: float) -> np.ndarray:
        # Whole numbers below 2^53.
        return self._add_up(tf.constant(numbers, "float64")).numpy()

    @tf.function
    def _add_up(self, numbers: tf.Tensor) -> tf.Tensor:
        sums = self._strategy.run(_all_reduce, args=(numbers,))
        return self._strategy.experimental_local_results(sums)[0]


def _all_reduce(numbers: tf.Tensor) -> tf.Tensor:
    replica = tf.distribute.get_replica_context()
    # A copy is on the device of the replica, where the sum shall be.
    return replica.all_reduce("SUM", tf.identity(numbers))

"""What workers that train together have to decide together."""

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

    def any_of(self, flag: bool) -> bool:
        """Whether the flag is set in any of the processes."""
        return flag if self._is_alone else self._sum(float(flag))[0] > 0

    def is_same(self, number: int) -> bool:
        """Whether all processes have that number."""
        if self._is_alone:
            return True
        total, squares, count = self._sum(number, number**2, 1)
        # All are the same where their variance is zero.
        return total**2 == squares * count

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

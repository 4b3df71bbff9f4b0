"""How long a training waits for its data."""

import time

import tensorflow as tf


class TimedSteps:
    """A training step of Keras that says how long it waited for a batch.

    Keras takes the batch within the compiled step, where nobody sees it. Here
    it is taken before.

    Args:
        step: the `train_function` of a model that takes one step at a time.

    Attributes:
        waited: float. Seconds since somebody set it to 0.
    """

    def __init__(self, step) -> None:
        self.step = step
        self.waited = 0.0

    def __call__(self, iterator):
        """Takes a batch and makes a step of it."""
        began = time.perf_counter()
        data = iterator.get_next()
        self.waited += time.perf_counter() - began
        return self.step([data])


def can_time(model) -> bool:
    """Whether the waiting of a model can be measured.

    Not where several workers have to take their batches together, nor where
    one call takes several of them.

    Args:
        model: a compiled `keras.Model`.
    """
    several = tf.distribute.MultiWorkerMirroredStrategy
    return model.steps_per_execution == 1 and not isinstance(
        model.distribute_strategy, several
    )

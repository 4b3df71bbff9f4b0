"""How long a training waits for its data."""

import time

import tensorflow as tf

_TOGETHER = (
    tf.distribute.MultiWorkerMirroredStrategy,
    tf.distribute.TPUStrategy,
)


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


def time_steps(model) -> TimedSteps | None:
    """Has the steps of a model timed, until `stop_timing`.

    Not where several workers have to take their batches together, or a TPU
    takes its own, nor where one call takes several of them.

    Args:
        model: a compiled `keras.Model` in `fit`.

    Returns:
        The timed steps, or `None` if they cannot be.
    """
    if model.steps_per_execution > 1 or isinstance(
        model.distribute_strategy, _TOGETHER
    ):
        return None
    if not isinstance(model.train_function, TimedSteps):
        model.train_function = TimedSteps(model.train_function)
    return model.train_function


def stop_timing(model) -> None:
    """Gives a model its own steps back."""
    if isinstance(model.train_function, TimedSteps):
        model.train_function = model.train_function.step

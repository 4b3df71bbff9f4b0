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
        run_eagerly: bool. Whether nothing is compiled.

    Attributes:
        waited: float. Seconds since somebody set it to 0.
    """

    def __init__(self, step, run_eagerly: bool) -> None:
        self.step = step
        self.waited = 0.0
        self._run_eagerly = run_eagerly
        self._iterator = self._compiled = self._spec = None

    def __call__(self, iterator):
        """Takes a batch and makes a step of it."""
        began = time.perf_counter()
        data = iterator.get_next()
        self.waited += time.perf_counter() - began
        if iterator is not self._iterator:
            self._iterator = iterator
            self._compile(iterator.element_spec)
        return self._compiled([data])

    def _compile(self, spec) -> None:
        # Given batches, TensorFlow would trace the step for the shape of the
        # first, and once more for any.
        if self._run_eagerly:
            self._compiled = self.step
        elif self._compiled is None or self._spec != spec:
            self._spec = spec
            self._compiled = tf.function(
                lambda batches: self.step(batches),
                input_signature=[[spec]],
                autograph=False,
            )


def time_steps(model, before: TimedSteps | None) -> TimedSteps | None:
    """Has the steps of a model timed, until `stop_timing`.

    Not where several workers have to take their batches together, or a TPU
    takes its own, nor where one call takes several of them.

    Args:
        model: a compiled `keras.Model` in `fit`.
        before: what this returned in the last `fit`, whose trace is kept.

    Returns:
        The timed steps, or `None` if they cannot be.
    """
    if model.steps_per_execution > 1 or isinstance(
        model.distribute_strategy, _TOGETHER
    ):
        return None
    step = model.train_function
    if not isinstance(step, TimedSteps):
        is_known = before is not None and before.step is step
        timed = before if is_known else TimedSteps(step, model.run_eagerly)
        model.train_function = timed
    return model.train_function


def stop_timing(model) -> None:
    """Gives a model its own steps back."""
    if isinstance(model.train_function, TimedSteps):
        model.train_function = model.train_function.step

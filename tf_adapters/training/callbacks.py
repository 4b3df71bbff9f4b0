"""What happens between the epochs of a run."""

import time

import keras
import numpy as np

from tf_adapters.data.examples import Examples
from tf_adapters.evaluation.dev_scores import add_dev_scores
from tf_adapters.evaluation.predictor import Predictor
from tf_adapters.training.datasets import TrainingSet


class DevScores(keras.callbacks.Callback):
    """Scores every dev set at the end of each epoch.

    Puts `val_<task>_<metric>` and `val_mean` among the logs of the epoch, so
    that every callback after it can see them: put it first in the list.

    Args:
        predictor: a `Predictor` for the model in training.
        examples: dict from task name to its labelled dev `Examples`.
    """

    def __init__(
        self, predictor: Predictor, examples: dict[str, Examples]
    ) -> None:
        super().__init__()
        self.predictor = predictor
        self.examples = examples

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Adds the scores to `logs`."""
        add_dev_scores(logs, self.predictor, self.examples)


class DrawnShares(keras.callbacks.Callback):
    """Puts the share of each task among the examples of an epoch in its logs.

    They are called `drawn_<task>`. Put it before the callbacks that write.

    Args:
        training_set: the `TrainingSet` in use.
    """

    def __init__(self, training_set: TrainingSet) -> None:
        super().__init__()
        self.training_set = training_set

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Adds the shares to `logs`."""
        for name, share in self.training_set.drawn_in(epoch).items():
            logs[f"drawn_{name}"] = share


class BestEpoch(keras.callbacks.Callback):
    """Keeps the trained weights of the epoch with the best mean dev score.

    Keras's `EarlyStopping` would copy the frozen backbone along with them.

    Attributes:
        epoch: int. The best epoch so far, from 0; -1 before the first.
        score: float. Its mean dev score.
        weights: list of arrays, the trained weights of that epoch.
    """

    def __init__(self) -> None:
        super().__init__()
        self.epoch = -1
        self.score = -np.inf
        self.weights: list[np.ndarray] = []

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Remembers the weights if they are the best so far."""
        if logs["val_mean"] > self.score:
            self.epoch, self.score = epoch, logs["val_mean"]
            trained = self.model.trainable_variables
            self.weights = [np.array(variable) for variable in trained]

    def restore(self) -> None:
        """Puts the weights of the best epoch back, if there was one."""
        if self.epoch >= 0:
            trained = self.model.trainable_variables
            for variable, value in zip(trained, self.weights, strict=True):
                variable.assign(value)


class StepTimer(keras.callbacks.Callback):
    """Measures the time between the ends of consecutive training steps.

    The median leaves out what the first step of each shape costs.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seconds: list[float] = []
        self._last: tuple[float, int] | None = None

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Starts again, so that no evaluation counts as a step."""
        self._last = None

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Notes the time of a step since the last time."""
        now = time.perf_counter()
        if self._last is not None:
            before, last_batch = self._last
            # Several with `steps_per_execution`.
            self._seconds.append((now - before) / (batch - last_batch))
        self._last = now, batch

    @property
    def median(self) -> float | None:
        """Seconds of the median step, `None` before there were two."""
        return float(np.median(self._seconds)) if self._seconds else None

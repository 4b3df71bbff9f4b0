"""What a run says of an epoch while it lasts."""

import time

import keras

from tf_adapters.training.resumable import Checkpoints


class Progress(keras.callbacks.Callback):
    """Prints a line now and then where there is no bar, as in a log file.

    Put it before the callback that scores the dev sets: it says so.

    Args:
        checkpoints: the `Checkpoints` in use, which count the steps.
        epochs: int. Epochs of the whole run.
        every: float. Seconds between two lines. Defaults to 30.
    """

    def __init__(
        self, checkpoints: Checkpoints, epochs: int, every: float = 30.0
    ) -> None:
        super().__init__()
        self.checkpoints = checkpoints
        self.epochs = epochs
        self.every = every
        self._began = self._last = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Starts to count."""
        self._began = self._last = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Prints where the run is, if it has been a while."""
        now = time.monotonic()
        if now - self._last < self.every:
            return
        self._last = now
        steps = self.checkpoints.steps_per_epoch
        # The `Checkpoints` have not counted this step yet.
        epoch, before = divmod(self.checkpoints.begun_at, steps)
        done = before + batch + 1
        left = (now - self._began) / (batch + 1) * (steps - done)
        print(
            f"Epoch {epoch + 1}/{self.epochs}: step {done}/{steps}, "
            f"loss {logs['loss']:.4f}, {left:.0f} s left",
            flush=True,
        )

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Says what comes before the line of the epoch."""
        print("Scoring the dev sets", flush=True)

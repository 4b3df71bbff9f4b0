"""What a run says of an epoch while it lasts."""

import time

import keras


class Progress(keras.callbacks.Callback):
    """Prints a line now and then where there is no bar, as in a log file.

    Put it before the callback that scores the dev sets: it says so.

    Args:
        every: float. Seconds between two lines. Defaults to 30.
    """

    def __init__(self, every: float = 30.0) -> None:
        super().__init__()
        self.every = every
        self.epoch, self.began, self.last = 0, 0.0, 0.0

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Starts to count."""
        self.epoch = epoch
        self.began = self.last = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Prints where the epoch is, if it has been a while."""
        now = time.monotonic()
        if now - self.last < self.every:
            return
        self.last = now
        done, steps = batch + 1, self.params["steps"]
        left = (now - self.began) / done * (steps - done)
        print(
            f"Epoch {self.epoch + 1}/{self.params['epochs']}: step "
            f"{done}/{steps}, loss {logs['loss']:.4f}, {left:.0f} s left",
            flush=True,
        )

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Says what comes before the line of the epoch."""
        print("Scoring the dev sets", flush=True)

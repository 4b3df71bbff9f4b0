"""An end for a process that waits for others which hang."""

import contextlib
import faulthandler
import math
import os
import sys
import threading
import time
from collections.abc import Callable
from collections.abc import Iterator

import keras

from tf_adapters.training.strategy import LOST_WORKER


def _give_up(message: str) -> None:
    print(message, file=sys.stderr)
    faulthandler.dump_traceback(all_threads=True)
    sys.stderr.flush()
    # What waits within TensorFlow cannot be interrupted.
    os._exit(LOST_WORKER)


class Watch(keras.callbacks.Callback):
    """Ends the process if what workers do together does not go on.

    TensorFlow notices within some 15 seconds that a process has ended. One
    that lives and hangs would hold up all others for ever.

    Args:
        seconds: float. How long a step may take, the first one with what it
            compiles; infinite where there is nobody to wait for.
        give_up: function of a message that ends the process. Defaults to one
            that exits with the code `LOST_WORKER`.
    """

    def __init__(
        self, seconds: float, give_up: Callable[[str], None] = _give_up
    ) -> None:
        super().__init__()
        self.seconds = seconds
        self._give_up = give_up
        self._last: float | None = None
        if math.isfinite(seconds):
            threading.Thread(target=self._watch, daemon=True).start()

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Watches over what is done in the block."""
        self._last = time.monotonic()
        try:
            yield
        finally:
            self._last = None

    def on_train_batch_begin(
        self, batch: int, logs: dict | None = None
    ) -> None:
        """Notes that it goes on."""
        self._note()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Notes that it goes on."""
        self._note()

    def on_predict_batch_end(
        self, batch: int, logs: dict | None = None
    ) -> None:
        """Notes that it goes on."""
        self._note()

    def _note(self) -> None:
        if self._last is not None:
            self._last = time.monotonic()

    def _watch(self) -> None:
        while True:
            time.sleep(min(1.0, self.seconds / 10))
            last = self._last
            if last is not None and time.monotonic() - last > self.seconds:
                self._last = None
                self._give_up(
                    "The workers must take each step together. Received no "
                    f"answer for {self.seconds:g} s: another worker hangs, or "
                    "this one, which was doing what follows. Stop them all "
                    "and give the same command again: the run goes on from "
                    "its last checkpoint. Where steps take longer, give a "
                    "higher --worker_timeout."
                )

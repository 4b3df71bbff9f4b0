"""How often a training can afford to be looked at."""

import contextlib
import time
from collections.abc import Iterator


class Budget:
    """Allows what costs time as long as it is a small share of the training.

    Args:
        share: float. The most of the time of the training that may be spent.

    Attributes:
        trained: float. Seconds of training so far.
        spent: float. Seconds that were spent so far.
    """

    def __init__(self, share: float) -> None:
        self.share = share
        self.trained = self.spent = 0.0
        self._last: dict[str, float] = {}

    def allows(self, name: str) -> bool:
        """Whether something may be done once more.

        Args:
            name: str. What is done. What was never done is taken to cost
                nothing.
        """
        after = self.spent + self._last.get(name, 0.0)
        return after <= self.share * self.trained

    @contextlib.contextmanager
    def spending(self, name: str) -> Iterator[None]:
        """Notes what is spent in the block."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._last[name] = time.perf_counter() - began
            self.spent += self._last[name]

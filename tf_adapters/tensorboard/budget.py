"""How often a training can afford to be looked at."""

import contextlib
import time
from collections.abc import Iterator
from collections.abc import Sequence

# Steps of the training that something is taken to cost before it was done.
_GUESS = 5


class Budget:
    """Allows what costs time as long as it is a small share of the training.

    Args:
        share: float. The most of the time of the training that may be spent.

    Attributes:
        trained: float. Seconds of training so far.
        steps: int. Steps that these were for.
        spent: float. Seconds that were spent so far.
    """

    def __init__(self, share: float) -> None:
        self.share = share
        self.trained = self.spent = 0.0
        self.steps = 0
        self._last: dict[str, float] = {}

    def allows(self, name: str, at_end: Sequence[str] = ()) -> bool:
        """Whether something may be done now, and the end be paid for still.

        Args:
            name: str. What is done.
            at_end: names of what is done once the training is over, in any
                case. Defaults to nothing.
        """
        cost = sum(self._cost(own) for own in (name, *at_end))
        return self.spent + cost <= self.share * self.trained

    def _cost(self, name: str) -> float:
        if name in self._last:
            return self._last[name]
        return _GUESS * self.trained / max(self.steps, 1)

    @contextlib.contextmanager
    def spending(self, name: str) -> Iterator[None]:
        """Notes what is spent in the block."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._last[name] = time.perf_counter() - began
            self.spent += self._last[name]

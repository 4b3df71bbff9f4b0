"""An event loop beside the program, for callers with and without one."""

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine
from typing import Any
from typing import TypeVar

_T = TypeVar("_T")


class LoopThread:
    """Runs coroutines in a thread of its own, until it is stopped."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="tf-adapters", daemon=True
        )
        self._thread.start()

    def start(
        self, coroutine: Coroutine[Any, Any, _T]
    ) -> concurrent.futures.Future[_T]:
        """Starts a coroutine and returns at once."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def wait(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """Runs a coroutine; what interrupts the caller cancels it."""
        future = self.start(coroutine)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def stop(self) -> None:
        """Ends the thread. What still runs is given up."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

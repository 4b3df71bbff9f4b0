"""An event loop beside the program, for callers with and without one."""

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable
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
        self._lock = threading.Lock()
        self._is_stopped = False
        self._thread.start()

    def start(
        self, coroutine: Coroutine[Any, Any, _T]
    ) -> concurrent.futures.Future[_T]:
        """Starts a coroutine and returns at once.

        Raises:
            RuntimeError: if the thread is stopped, or, as the exception of
                what is returned, if it is meanwhile.
        """
        with self._lock:
            if not self._is_stopped:
                return asyncio.run_coroutine_threadsafe(
                    self._run(coroutine), self._loop
                )
        coroutine.close()
        raise _stopped()

    def wait(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """Runs a coroutine; what interrupts the caller cancels it."""
        future = self.start(coroutine)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def stop(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Ends the thread. What still runs is cancelled.

        Args:
            last: function that returns a coroutine, which runs at the end.
        """
        with self._lock:
            if self._is_stopped:
                return
            self._is_stopped = True
            # After all that was started before.
            ended = asyncio.run_coroutine_threadsafe(_end(last), self._loop)
        try:
            ended.result()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    async def _run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        try:
            return await coroutine
        except asyncio.CancelledError:
            if self._is_stopped:
                raise _stopped() from None
            raise


async def _end(last: Callable[[], Coroutine[Any, Any, None]]) -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await last()


def _stopped() -> RuntimeError:
    return RuntimeError(
        "A client must be open until all is answered. Received: a question, "
        "and `close()`. Close it later, or make another `Client`."
    )

"""Requests that come together are computed together."""

import asyncio
import collections
import concurrent.futures
import dataclasses
from collections.abc import Callable

import numpy as np

from tf_adapters.server.loaded_version import LoadedVersion
from tf_adapters.server.refusal import Refusal

Arrays = dict[str, np.ndarray]


@dataclasses.dataclass(eq=False)
class _Waiting:
    inputs: Arrays
    num_rows: int
    answer: asyncio.Future[Arrays]


class Batcher:
    """Computes requests in a few threads, several at once.

    A request that finds a thread free is computed at once. While all are busy,
    requests wait, and the next thread takes as many of one kind as fit into a
    batch. So there is no time that a request must wait for others. What waits
    is bounded. Where a batch is refused, each of its requests is computed
    alone, so that nobody hears of the mistakes of others.

    Args:
        num_threads: int. Batches that are computed at the same time.
        max_batch_size: int. Rows of a batch; a larger request is one alone.
        max_queued_rows: int. Rows that may wait.
        observe: called with the number of rows of each batch.
    """

    def __init__(
        self,
        num_threads: int,
        max_batch_size: int,
        max_queued_rows: int,
        observe: Callable[[int], None],
    ) -> None:
        self._pool = concurrent.futures.ThreadPoolExecutor(num_threads)
        self._num_free = num_threads
        self._max_batch_size = max_batch_size
        self._max_queued_rows = max_queued_rows
        self._observe = observe
        self._queues: dict[tuple, collections.deque[_Waiting]] = {}
        self._running: set[asyncio.Task] = set()
        self.num_queued = 0

    async def compute(
        self, version: LoadedVersion, signature: str, inputs: Arrays
    ) -> Arrays:
        """Computes a request that the version has checked.

        Args:
            version: who computes it.
            signature: str.
            inputs: dict from the name of an input to its array.

        Returns:
            dict from the name of an output to its array.

        Raises:
            Refusal: if the graph refuses it, or too many wait.
        """
        num_rows = max((len(v) for v in inputs.values() if v.ndim), default=1)
        if (
            self.num_queued
            and self.num_queued + num_rows > self._max_queued_rows
        ):
            raise Refusal(
                "RESOURCE_EXHAUSTED",
                f"No more than {self._max_queued_rows} rows may wait. "
                f"Received: {num_rows} more, while {self.num_queued} wait. "
                "Ask again later.",
            )
        answer = asyncio.get_running_loop().create_future()
        waiting = _Waiting(inputs, num_rows, answer)
        key = (version, signature, _kind(inputs) or id(waiting))
        self._queues.setdefault(key, collections.deque()).append(waiting)
        self.num_queued += num_rows
        self._start()
        return await answer

    def close(self) -> None:
        """Ends the threads, and waits for none of them."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _start(self) -> None:
        """Gives every free thread something to compute."""
        while self._num_free and self._queues:
            key = next(iter(self._queues))
            batch = self._take(key)
            if batch:
                self._num_free -= 1
                task = asyncio.create_task(self._run(key, batch))
                self._running.add(task)
                task.add_done_callback(self._running.discard)

    def _take(self, key: tuple) -> list[_Waiting]:
        """Takes a batch out of a queue, which is then the last one."""
        queue = self._queues.pop(key)
        batch, num_rows = [], 0
        while queue:
            more = num_rows + queue[0].num_rows
            if batch and more > self._max_batch_size:
                self._queues[key] = queue
                break
            waiting = queue.popleft()
            self.num_queued -= waiting.num_rows
            # Whoever has given up needs no answer.
            if not waiting.answer.done():
                batch.append(waiting)
                num_rows += waiting.num_rows
        return batch

    async def _run(self, key: tuple, batch: list[_Waiting]) -> None:
        version, signature, _ = key
        self._observe(sum(waiting.num_rows for waiting in batch))
        loop = asyncio.get_running_loop()
        inputs = [waiting.inputs for waiting in batch]
        try:
            answers = await loop.run_in_executor(
                self._pool, _compute, version, signature, inputs
            )
        except Exception as error:
            # As where there is no memory for all of them together.
            answers = [Refusal.of(error)] * len(batch)
        finally:
            self._num_free += 1
        for waiting, answer in zip(batch, answers, strict=True):
            if waiting.answer.done():
                continue
            if isinstance(answer, Exception):
                waiting.answer.set_exception(answer)
            else:
                waiting.answer.set_result(answer)
        self._start()


def _kind(inputs: Arrays) -> tuple | None:
    """Returns what inputs must agree in to be of one batch.

    `None` for those that can be in none: they have no rows, or not as many of
    each input.
    """
    shapes = [value.shape for value in inputs.values()]
    if not shapes or not all(shapes) or len({shape[0] for shape in shapes}) > 1:
        return None
    if shapes[0][0] == 0:
        return None
    return tuple(sorted((k, v.shape[1:]) for k, v in inputs.items()))


def _compute(
    version: LoadedVersion, signature: str, requests: list[Arrays]
) -> list[Arrays | Refusal]:
    """Returns the answer or the refusal of every request."""
    if len(requests) > 1:
        names = requests[0]
        joined = {k: np.concatenate([r[k] for r in requests]) for k in names}
        sizes = [len(next(iter(request.values()))) for request in requests]
        try:
            outputs = version.compute(signature, joined)
        except Refusal:
            outputs = None
        if outputs and all(
            value.ndim and len(value) == sum(sizes)
            for value in outputs.values()
        ):
            ends = np.cumsum(sizes)
            return [
                {k: v[end - size : end] for k, v in outputs.items()}
                for size, end in zip(sizes, ends, strict=True)
            ]
    return [_alone(version, signature, request) for request in requests]


def _alone(
    version: LoadedVersion, signature: str, inputs: Arrays
) -> Arrays | Refusal:
    try:
        return version.compute(signature, inputs)
    except Refusal as error:
        return error.with_traceback(None)

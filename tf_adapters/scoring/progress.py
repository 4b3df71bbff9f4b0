"""Says how far a run is, by what it has written."""

import contextlib
import threading
import time
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence

from tf_adapters.scoring.results import Results
from tf_adapters.scoring.shards import Shard


class Progress:
    """Counts the rows whose answers are written, whoever writes them.

    Args:
        results: a `Results`.
        shards: all shards of the run.
        chunk_rows: int. Rows of a chunk.
    """

    def __init__(
        self, results: Results, shards: Sequence[Shard], chunk_rows: int
    ) -> None:
        self._results = results
        self._chunk_rows = chunk_rows
        self._running = list(shards)
        self._num_shards = len(shards)
        self._rows = 0
        self._began = time.monotonic()
        self._before = self._count()

    def line(self) -> str:
        """Returns shards, rows, and the rows a second since rows came."""
        rows, now = self._count(), time.monotonic()
        if rows == self._before:
            # Workers are starting, or loading the model.
            self._began = now
        seconds = max(now - self._began, 1e-9)
        finished = self._num_shards - len(self._running)
        rate = round((rows - self._before) / seconds)
        return (
            f"{finished} of {self._num_shards} files, {rows:,} rows, "
            f"{rate:,} rows a second"
        )

    def _count(self) -> int:
        # Few of many shards are looked at.
        finished = self._results.names("finished")
        running = []
        for shard in self._running:
            is_new = shard.name in finished
            counts = self._results.counts(shard) if is_new else None
            if counts is None:
                running.append(shard)
            else:
                self._rows += sum(counts.values())
        self._running = running
        begun = self._results.names("parts")
        shards = [shard for shard in running if shard.name in begun]
        parts = sum(len(self._results.parts(shard)) for shard in shards)
        return self._rows + parts * self._chunk_rows


@contextlib.contextmanager
def reporting(
    progress: Progress, report: Callable[[str], None], seconds: float
) -> Iterator[None]:
    """Reports how far a run is, every so many seconds, until it ends.

    Args:
        progress: a `Progress`.
        report: function that takes a line.
        seconds: between two lines.
    """
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(seconds):
            report(progress.line())

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()

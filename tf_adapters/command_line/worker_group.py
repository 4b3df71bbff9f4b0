"""Processes on this machine that are started, and end, together."""

import contextlib
import math
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import BinaryIO

from tf_adapters.training.cluster import TF_CONFIG
from tf_adapters.training.cluster import local_tf_configs

# Reads the groups of the workers until this process is gone, however it ended,
# and then ends them.
_WATCH = """
while read -r group; do set -- "$@" "-$group"; done
kill -s TERM -- "$@"
sleep "$0"
kill -s KILL -- "$@"
"""


class WorkerGroup:
    """Runs a command as several workers, and passes on what they print.

    Each line has the index of its worker before it. When one fails, or this
    process gets SIGTERM, all get SIGTERM, and SIGKILL if they take too long.
    Ctrl-C is passed on, and they may take their time to write what they have.
    They end as well if this process is killed.

    Args:
        prog: str. Name of the program in messages.
        grace: float. Seconds from SIGTERM to SIGKILL.
    """

    def __init__(self, prog: str, grace: float) -> None:
        self._prog, self._grace = prog, grace
        self._events: queue.SimpleQueue = queue.SimpleQueue()
        self._processes: list[subprocess.Popen] = []
        self._threads: list[threading.Thread] = []
        self._printing = threading.Lock()

    def run(self, command: list[str], count: int) -> int:
        """Starts the workers, which `TF_CONFIG` tells about one another.

        Args:
            command: program and arguments.
            count: workers.

        Returns:
            0 if all of them end with 0, else the exit code of the first that
            did not, 128 + n if signal n has ended it.

        Raises:
            OSError: if the command cannot be started.
        """
        before = {
            number: signal.signal(number, self._on_signal)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            # It must be there before the first worker is.
            with _watch(self._grace) as groups:
                for index, config in enumerate(local_tf_configs(count)):
                    self._start(index, command, config, groups)
                code = self._wait()
            for thread in self._threads:
                # What a worker has started may hold its output open.
                thread.join(timeout=self._grace)
            return code
        finally:
            self._send(signal.SIGKILL)
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, _) -> None:
        self._events.put(("signal", number))

    def _start(
        self, index: int, command: list[str], config: str, groups: BinaryIO
    ) -> None:
        # A pipe would hold the lines of Python back.
        own = {TF_CONFIG: config, "PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(
            command,
            env={**os.environ, **own},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Ctrl-C reaches a worker when it is passed on, and not twice.
            start_new_session=True,
        )
        self._processes.append(process)
        groups.write(b"%d\n" % process.pid)
        pairs = ((process.stdout, sys.stdout), (process.stderr, sys.stderr))
        for source, target in pairs:
            self._follow(self._copy, index, source, target.buffer)
        self._follow(self._report, index, process)

    def _follow(self, function, *args) -> None:
        thread = threading.Thread(target=function, args=args, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _report(self, index: int, process: subprocess.Popen) -> None:
        code = process.wait()
        # What it has started and left behind.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        self._events.put(("ended", (index, code)))

    def _copy(self, index: int, source: BinaryIO, target: BinaryIO) -> None:
        """Prints whole lines."""
        is_open = True
        with source:
            for line in source:
                if not is_open:
                    # A full pipe would hold the worker up.
                    continue
                line = line.rstrip(b"\n")
                try:
                    with self._printing:
                        target.write(b"[%d] %s\n" % (index, line))
                        target.flush()
                except OSError:
                    is_open = False
                    self._events.put(("unread", None))

    def _wait(self) -> int:
        """Returns the exit code, once all have ended."""
        code, left = 0, len(self._processes)
        is_told, deadline = False, math.inf
        while left:
            try:
                # Not for ever: a signal just before it would not be seen.
                event, value = self._events.get(timeout=0.2)
            except queue.Empty:
                if time.monotonic() > deadline:
                    self._say(f"killing what is there after {self._grace:g} s")
                    self._send(signal.SIGKILL)
                    deadline = math.inf
                continue
            reason = "nobody reads the output"
            if event == "ended":
                left -= 1
                index, ended = value
                # As shells say it of a process that a signal has ended.
                ended = ended if ended >= 0 else 128 - ended
                code = code or ended
                if not ended or not left:
                    continue
                reason = f"worker {index} ended with {ended}"
            if event != "signal":
                # A second SIGTERM would kill what ends after the first.
                if is_told:
                    continue
                self._say(f"{reason}: stopping all")
                value = signal.SIGTERM
            self._send(value)
            is_told = True
            # What Ctrl-C ends is written down first, which may take longer.
            if value == signal.SIGTERM:
                deadline = min(deadline, time.monotonic() + self._grace)
        return code

    def _send(self, number: int) -> None:
        for process in self._processes:
            # It may end meanwhile.
            with contextlib.suppress(ProcessLookupError):
                if process.returncode is None:
                    os.killpg(process.pid, number)

    def _say(self, message: str) -> None:
        # Nobody may read it.
        with self._printing, contextlib.suppress(OSError):
            print(f"{self._prog}: {message}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def _watch(grace: float) -> Iterator[BinaryIO]:
    """Ends processes if this one is killed, which no handler would see.

    Args:
        grace: float. Seconds from SIGTERM to SIGKILL.

    Yields:
        A file that takes the number of each process group, a line each.
    """
    watch = subprocess.Popen(
        ["sh", "-c", _WATCH, f"{grace:g}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        bufsize=0,
    )
    try:
        yield watch.stdin
    finally:
        watch.kill()
        watch.communicate()

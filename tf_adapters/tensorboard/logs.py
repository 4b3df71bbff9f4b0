"""The folder of a training, and those in it that are runs of their own."""

from collections.abc import Iterable

from tf_adapters import storage
from tf_adapters.tensorboard.event_log import EventLog


class Logs:
    """Writes what panels have to say, each into its folder.

    Nothing is written or read before `open`.

    Args:
        folder: str or path, that of the training.
    """

    def __init__(self, folder) -> None:
        self._folder = storage.as_path(folder)
        self._logs: dict[str, EventLog] = {}
        self._began_at = 0

    def open(self, runs: Iterable[str], step: int, replace: bool) -> bool:
        """Takes out what a training that was killed has written too early.

        Args:
            runs: names of folders in that of the training, or nothing for the
                folder itself.
            step: int. Steps that are done.
            replace: bool. Whether a training that begins takes out what it
                finds.

        Returns:
            Whether nothing is in it yet of what is known before the first
            step.

        Raises:
            ValueError: if a training begins in the folder of another.
        """
        self._logs = {run: EventLog(self._folder / run) for run in runs}
        self._began_at = step
        is_taken = not all(log.is_empty for log in self._logs.values())
        if step == 0 and is_taken and not replace:
            raise ValueError(
                "A training that begins must not write into the folder of "
                f"another. Received: log_dir={str(self._folder)!r}, which has "
                "events. Choose another, or write replace=True."
            )
        for log in self._logs.values():
            log.forget_after(step if step else -1)
        return step == 0 or not is_taken

    def put(self, run: str, step: int, summaries: list) -> None:
        """Writes summaries of a step.

        Args:
            run: one of the `runs`.
            step: int.
            summaries: list of `Summary` messages.
        """
        log = self._logs[run]
        if 0 < self._began_at == step:
            # Another process came as far, and was killed at the very end.
            log.forget_again(step, summaries)
        log.write(step, *summaries)

    def flush(self) -> None:
        """Puts on disk what was written."""
        for log in self._logs.values():
            log.flush()

    def close(self) -> None:
        """Ends all files."""
        for log in self._logs.values():
            log.close()

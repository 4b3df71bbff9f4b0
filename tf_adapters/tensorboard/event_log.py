"""A folder of TensorBoard's events, in which no step comes twice."""

import pathlib
import tempfile
import time

import tensorflow as tf
from tensorboard.backend.event_processing import event_file_loader
from tensorboard.compat.proto import event_pb2
from tensorboard.compat.proto import summary_pb2
from tensorboard.summary.writer import event_file_writer

from tf_adapters import storage

_PATTERN = "events.out.tfevents."


class EventLog:
    """Writes events into a folder, which TensorBoard shows as one run.

    Args:
        folder: str or path, local or one that TensorFlow opens, such as
            `gs://bucket/folder`.
    """

    def __init__(self, folder) -> None:
        self.folder = storage.as_path(folder)
        self._writer: event_file_writer.EventFileWriter | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nobody has written events into the folder."""
        return not self._files()

    def forget_after(self, step: int) -> None:
        """Takes out what a training that was killed has written too early.

        It goes on from its last checkpoint, and comes to the steps after it
        once more.

        Args:
            step: int. The last step whose events stay.
        """
        self._keep(lambda event: event.step <= step)

    def forget_again(self, step: int, summaries) -> None:
        """Takes out what is about to be written once more.

        Args:
            step: int.
            summaries: sequence of `Summary` messages.
        """
        tags = {value.tag for own in summaries for value in own.value}
        self._keep(
            lambda event: (
                event.step != step
                or not any(value.tag in tags for value in event.summary.value)
            )
        )

    def write(self, step: int, *summaries) -> None:
        """Writes summaries.

        Args:
            step: int. Steps of the training that are done.
            *summaries: `Summary` messages, of TensorBoard or of TensorFlow.
        """
        merged = summary_pb2.Summary()
        for summary in summaries:
            merged.MergeFromString(summary.SerializeToString())
        if merged.value:
            self._add(event_pb2.Event(step=step, summary=merged))

    def flush(self) -> None:
        """Puts on disk what was written."""
        if self._writer is not None:
            self._writer.flush()

    def close(self) -> None:
        """Ends the file. What is written afterwards begins another."""
        if self._writer is not None:
            self._writer.close()
        self._writer = None

    def _keep(self, is_kept) -> None:
        for path in self._files():
            events = list(read_events(path))
            # The first event of a file says what it is, and nothing else.
            kept = events[:1] + [e for e in events[1:] if is_kept(e)]
            if len(kept) == len(events):
                continue
            if len(kept) == 1:
                path.unlink()
            else:
                storage.write_whole(path, _as_records(kept))

    def _add(self, event: event_pb2.Event) -> None:
        if self._writer is None:
            self._writer = event_file_writer.EventFileWriter(str(self.folder))
        event.wall_time = time.time()
        self._writer.add_event(event)

    def _files(self) -> list[storage.Path]:
        found = storage.listed(self.folder)
        return [path for path in found if path.name.startswith(_PATTERN)]


def read_events(path: storage.Path):
    """Yields the events of a file, up to one that was not written whole.

    Args:
        path: the file.
    """
    loader = event_file_loader.RawEventFileLoader(str(path))
    return map(event_pb2.Event.FromString, loader.Load())


def _as_records(events: list[event_pb2.Event]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "events"
        with tf.io.TFRecordWriter(str(path)) as writer:
            for event in events:
                writer.write(event.SerializeToString())
        return path.read_bytes()

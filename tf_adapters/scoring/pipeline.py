"""The pipeline: shards are read in chunks, asked, and written part by part.

No step waits for another to end, and no two chunks meet: what a runner may do
at any time, to run a step twice or on another machine, changes nothing.
"""

import os
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

import apache_beam as beam
from apache_beam.ml.inference.base import ModelHandler
from apache_beam.ml.inference.base import RunInference

from tf_adapters.scoring.columns import Columns
from tf_adapters.scoring.model import Model
from tf_adapters.scoring.questions import Chunk
from tf_adapters.scoring.questions import read_chunks
from tf_adapters.scoring.results import Results
from tf_adapters.scoring.scorer import Scorer
from tf_adapters.scoring.scorer import answer_each
from tf_adapters.scoring.shards import Shard

Answered = tuple[Chunk, list[dict[str, Any]], list[dict[str, Any]]]


class ReadShard(beam.DoFn):
    """Reads the chunks of a shard whose answers are not written yet.

    Args:
        columns: what `Columns.of_model` returned.
        model: a `Model`.
        chunk_rows: int. Rows of a chunk.
        delimiter: str. What separates the fields of CSV.
        results: a `Results`.
        starter: int or `None`. The process on this machine that has started
            those that read, without which they end. Defaults to `None`.
    """

    def __init__(
        self,
        columns: Columns,
        model: Model,
        chunk_rows: int,
        delimiter: str,
        results: Results,
        starter: int | None = None,
    ) -> None:
        self._arguments = (columns, model.tasks, chunk_rows, delimiter)
        self._results = results
        self._starter = starter

    def process(self, shard: Shard) -> Iterator[Chunk]:
        """Yields chunks; a file that cannot be read is noted."""
        written = self._results.parts(shard)
        chunks = read_chunks(shard, *self._arguments)
        while True:
            self._check_starter()
            try:
                chunk = next(chunks)
            except StopIteration:
                break
            except Exception as error:
                # Those of object stores are TensorFlow's own.
                reason = str(error) or type(error).__name__
                self._results.fail(shard, reason)
                return
            if chunk.number not in written:
                yield chunk
        # It may have been killed after the last part was written.
        self._results.finish_if_whole(shard)

    def _check_starter(self) -> None:
        """Ends a worker that was left alone.

        A worker of Beam does what it was told to do, here all its files, to
        the end, whatever became of whoever told it.
        """
        if self._starter is None:
            return
        try:
            os.kill(self._starter, 0)
        except ProcessLookupError:
            raise RuntimeError(
                "The command that started this worker has ended."
            ) from None


class SavedModelHandler(ModelHandler[Chunk, Answered, Scorer]):
    """Lets RunInference ask a SavedModel, a chunk in one request.

    Args:
        model: a `Model`.
    """

    def __init__(self, model: Model) -> None:
        super().__init__(max_batch_size=1)
        self._model = model

    def load_model(self) -> Scorer:
        """Loads the SavedModel, once in a process."""
        return Scorer(self._model.path, self._model.tasks)

    def run_inference(
        self,
        batch: Sequence[Chunk],
        model: Scorer,
        inference_args: dict[str, Any] | None = None,
    ) -> Iterator[Answered]:
        """Yields each chunk with its answers and what is rejected."""
        for chunk in batch:
            answers, refused = answer_each(model.ask, chunk.questions)
            yield chunk, answers, chunk.rejected + refused

    def get_num_bytes(self, batch: Sequence[Chunk]) -> int:
        """Returns how much text there is, for Beam's metrics."""
        questions = (q for chunk in batch for q in chunk.questions)
        return sum(len(q.text) + len(q.text_pair) for q in questions)

    def get_metrics_namespace(self) -> str:
        """Returns what Beam's metrics are called by."""
        return "tf_adapters"


class WritePart(beam.DoFn):
    """Writes the answers of a chunk.

    Args:
        results: a `Results`.
    """

    def __init__(self, results: Results) -> None:
        self._results = results

    def process(self, answered: Answered) -> None:
        """Writes a part, and the shard if it is the last one missing."""
        chunk, answers, rejected = answered
        self._results.write_part(chunk, answers, rejected)
        self._results.finish_if_whole(chunk.shard)


def build(
    pipeline: beam.Pipeline,
    shards: Sequence[Shard],
    reader: ReadShard,
    model: Model,
    results: Results,
) -> None:
    """Adds all steps to a pipeline.

    Args:
        pipeline: a Beam `Pipeline`.
        shards: those that are not finished.
        reader: the first step.
        model: a `Model`.
        results: a `Results`.
    """
    (
        pipeline
        | "Shards" >> beam.Create(shards)
        # So that workers share the files, and not only the first one reads.
        | "Spread" >> beam.Reshuffle()
        | "Read" >> beam.ParDo(reader)
        | "Ask" >> RunInference(SavedModelHandler(model))
        | "Write" >> beam.ParDo(WritePart(results))
    )

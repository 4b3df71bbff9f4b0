"""Rows become questions, in chunks of which each is asked at once."""

import contextlib
import dataclasses
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

from tf_adapters.data.blank import is_blank
from tf_adapters.data.lookup import unknown_name
from tf_adapters.data.sources.broken_rows import BrokenRow
from tf_adapters.data.sources.lines import EmptyFileError
from tf_adapters.data.sources.rows import NAMED
from tf_adapters.data.sources.rows import read_rows
from tf_adapters.data.task import Task
from tf_adapters.scoring.columns import Columns
from tf_adapters.scoring.shards import Shard


@dataclasses.dataclass(frozen=True)
class Question:
    """What a row asks.

    Attributes:
        place: dict. What its answer is found by: `row`, the number of its line,
            and `key`, its key columns, if there are any.
        task: str.
        text: str.
        text_pair: str. Empty if the task reads one text.
    """

    place: dict[str, Any]
    task: str
    text: str
    text_pair: str


@dataclasses.dataclass
class Chunk:
    """Rows of a shard that follow one another.

    Attributes:
        shard: a `Shard`.
        number: int. Which one, from 0.
        is_last: bool. Whether the shard ends with it.
        questions: list of `Question`.
        rejected: list of dicts: the place of a row that cannot be asked, and
            the `reason`.
    """

    shard: Shard
    number: int
    is_last: bool = False
    questions: list[Question] = dataclasses.field(default_factory=list)
    rejected: list[dict[str, Any]] = dataclasses.field(default_factory=list)

    @property
    def num_rows(self) -> int:
        """How many rows it has, questions or not."""
        return len(self.questions) + len(self.rejected)


def read_chunks(
    shard: Shard,
    columns: Columns,
    tasks: Mapping[str, Task],
    chunk_rows: int,
    delimiter: str = ",",
) -> Iterator[Chunk]:
    """Reads a shard. Every row is in one chunk, as a question or rejected.

    Args:
        shard: the file.
        columns: what `Columns.of_model` returned.
        tasks: the tasks of the model, by name.
        chunk_rows: int. Rows of a chunk; the last may have fewer, or none.
        delimiter: str. What separates the fields of CSV. Defaults to a comma.

    Returns:
        An iterator over chunks, the same ones whenever the file is read.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is not what its format says, or lacks a column.
    """
    chunk = Chunk(shard, 0)
    for number, row in _rows(shard, columns, delimiter):
        if chunk.num_rows >= chunk_rows:
            yield chunk
            chunk = Chunk(shard, chunk.number + 1)
        place: dict[str, Any] = {"row": number}
        if isinstance(row, BrokenRow):
            chunk.rejected.append({**place, "reason": row.reason})
            continue
        if columns.key_columns:
            place["key"] = {key: row[key] for key in columns.key_columns}
        try:
            question = _question(place, row, columns, tasks)
        except ValueError as error:
            chunk.rejected.append({**place, "reason": str(error)})
        else:
            chunk.questions.append(question)
    chunk.is_last = True
    yield chunk


def _rows(shard, columns, delimiter):
    # What writes many files at once writes empty ones too.
    if not shard.size:
        return
    is_named = shard.file_format in NAMED
    with contextlib.suppress(EmptyFileError):
        rows = read_rows(
            shard.path,
            shard.file_format,
            (*columns.required, *columns.optional) if is_named else None,
            delimiter=delimiter,
            optional=columns.optional,
            keep_broken=True,
        )
        for number, row in rows:
            if not isinstance(row, BrokenRow):
                _check_columns(shard, columns, row)
            yield number, row


def _check_columns(shard, columns, row):
    for column in columns.required:
        if column not in row:
            where = f" of {shard.path}"
            raise ValueError(unknown_name("column", column, row, where))


def _question(place, row, columns, tasks):
    name = columns.task or row[columns.task_column]
    task = tasks.get(name)
    if task is None:
        raise ValueError(unknown_name("task", name, tasks))
    texts = [row.get(column, "") for column in columns.text_columns]
    if task.is_pair and len(texts) == 1:
        raise ValueError(
            f"Task {name!r} reads two texts. Received: one column of text, "
            f"{columns.text_columns[0]}."
        )
    read = texts if task.is_pair else texts[:1]
    for column, text in zip(columns.text_columns, read, strict=False):
        if is_blank(text):
            raise ValueError(
                "A text must not be blank where the task reads it. Received: "
                f"{column}={text[:40]!r} for task {name!r}."
            )
    text, pair = (*texts, "")[:2]
    if pair and not task.is_pair:
        raise ValueError(
            f"Task {name!r} reads one text. Received: "
            f"{columns.text_columns[1]}={pair[:40]!r} as well."
        )
    return Question(place, name, text, pair)

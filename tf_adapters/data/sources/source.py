"""Where the examples of a task are, and how they are read."""

import dataclasses
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np

from tf_adapters.data.blank import is_blank
from tf_adapters.data.examples import Examples
from tf_adapters.data.lookup import unknown_name
from tf_adapters.data.sources.label_number import label_number
from tf_adapters.data.sources.rows import NAMED
from tf_adapters.data.sources.rows import delimiter_hint
from tf_adapters.data.sources.rows import read_rows
from tf_adapters.data.sources.source_fields import check_fields
from tf_adapters.data.task import Task


@dataclasses.dataclass(frozen=True, kw_only=True)
class Source:
    """The files of a task.

    Args:
        task: A `Task`.
        files: mapping from the name of a split to a path. A split is
            `"train"`, `"dev"`, `"test"`, or one of these and a suffix, such as
            `"dev_mismatched"`.
        file_format: str. `"tsv"` (quotes mean nothing), `"csv"`, `"jsonl"` or
            `"parquet"`. Defaults to `"tsv"`. All but the last may be
            compressed, and are then called `.gz`.
        delimiter: str. What separates the fields of `"csv"`, such as `";"`.
            Defaults to a comma.
        label_column: str or `None`. The column that holds the label. `None` if
            no split is labelled.
        columns: mapping from a split to the names of its columns, for files
            without a header. Defaults to no such files.
        label_values: mapping from a value in the file to the label that it
            stands for. Values left out stand for themselves.
        unlabelled: tuple of str. Splits whose labels are not read, even if
            the file has the column. Defaults to `("test",)`.
        max_broken_rows: int. Rows with a wrong number of fields that a file
            may have; they are left out with a warning. Defaults to 0.

    Raises:
        ValueError: if the fields contradict one another.
    """

    task: Task
    files: Mapping[str, str]
    file_format: str = "tsv"
    delimiter: str = ","
    label_column: str | None
    columns: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict
    )
    label_values: Mapping[str, str] = dataclasses.field(default_factory=dict)
    unlabelled: tuple[str, ...] = ("test",)
    max_broken_rows: int = 0

    def __post_init__(self) -> None:
        """Refuses what can be seen to be wrong before a file is opened."""
        check_fields(self)

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits there are, in the order of `files`."""
        return tuple(self.files)

    @property
    def dev_splits(self) -> tuple[str, ...]:
        """The splits to evaluate on, in the order of `files`."""
        return tuple(s for s in self.files if s.split("_")[0] == "dev")

    def read(self, split: str) -> Examples:
        """Returns the examples of a split.

        Args:
            split: str. A key of `files`.

        Returns:
            `Examples`, in the order of the file, texts as they are written.

        Raises:
            FileNotFoundError: if the file is missing.
            ValueError: if the split, a column, a label or a row is wrong. The
                message names the file and the line.
        """
        if split not in self.files:
            where = f" of task {self.task.name!r}"
            raise ValueError(unknown_name("split", split, self.files, where))
        labelled = split not in self.unlabelled
        wanted = self.task.text_columns + (self.label_column,) * labelled
        texts, labels = [], []
        for place, values in self._rows(split, wanted):
            texts.append(self._texts(place, values))
            if labelled:
                labels.append(self._label(place, values[-1]))
        return Examples(
            self.task,
            tuple(map(list, zip(*texts, strict=True))),
            np.array(labels, "float32") if labelled else None,
        )

    def _rows(
        self, split: str, wanted: Sequence[str]
    ) -> Iterator[tuple[str, list[str]]]:
        path = self.files[split]
        columns = self.columns.get(split)
        if self.file_format in NAMED:
            columns = wanted
        rows = read_rows(
            path,
            self.file_format,
            columns,
            self.max_broken_rows,
            self.delimiter,
        )
        for number, row in rows:
            for column in wanted:
                if column not in row:
                    raise ValueError(self._missing_column(path, column, row))
            yield f"{path}:{number}", [row[column] for column in wanted]

    def _texts(self, place: str, values: list[str]) -> list[str]:
        texts = values[: len(self.task.text_columns)]
        if all(map(is_blank, texts)):
            raise ValueError(
                f"{place}: an example must have text. Received: nothing in "
                f"{' and '.join(self.task.text_columns)}. Remove the row."
            )
        return [text.removesuffix("\r") for text in texts]

    def _label(self, place: str, value: str) -> float:
        try:
            return label_number(self.task, self.label_values.get(value, value))
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None

    def _missing_column(
        self, path: str, column: str, row: Mapping[str, str]
    ) -> str:
        remedy = f"The file was read as {self.file_format!r}. "
        if column == self.label_column:
            remedy += "Correct `label_column`, or add a split without labels "
            remedy += "to `unlabelled`."
        else:
            remedy += "Correct `text_columns`, or give `columns` if the file "
            remedy += "has no header."
        if self.file_format == "csv":
            remedy += delimiter_hint(self.delimiter.join(row), self.delimiter)
        return f"{unknown_name('column', column, row, f' of {path}')} {remedy}"

"""Reads the rows of files of any format, with their line numbers."""

import csv
import itertools
import json
import os
import warnings
from collections.abc import Iterator
from collections.abc import Sequence

from tf_adapters.data.lookup import unknown_name
from tf_adapters.data.sources.broken_rows import BrokenRow
from tf_adapters.data.sources.json_lines import read_objects
from tf_adapters.data.sources.lines import read_lines
from tf_adapters.data.sources.parquet import read_table

FILE_FORMATS = ("tsv", "csv", "jsonl", "parquet")
# Of these every row names its columns.
NAMED = ("jsonl", "parquet")
# The most that the reader of CSV can be told on every platform.
_LONGEST = 2**31 - 1

_REMEDIES = {
    "tsv": "Put spaces in place of tabs and line breaks inside text, or save "
    "the table as CSV and set file_format='csv'.",
    "csv": "Put fields that hold commas, quotes or line breaks in double "
    "quotes, and double the quotes inside.",
}


def read_rows(
    path: str | os.PathLike,
    file_format: str,
    columns: Sequence[str] | None = None,
    max_broken_rows: int = 0,
    delimiter: str = ",",
    optional: Sequence[str] = (),
    keep_broken: bool = False,
) -> Iterator[tuple[int, dict[str, str] | BrokenRow]]:
    """Yields the line number and the fields of every row of a file.

    `"tsv"` splits at tabs and never reads quotes, as GLUE is written; `"csv"`
    is RFC 4180, where a quoted field may hold line breaks; `"jsonl"` is one
    object per line; `"parquet"` needs pyarrow. Text files are UTF-8, compressed
    if their names end in `.gz`. Blank lines at the end are left out.

    Args:
        path: path of the file.
        file_format: str. One of `FILE_FORMATS`.
        columns: sequence of str or `None`. Names of the columns of a file
            without a header; for `"jsonl"` and `"parquet"`, those to read.
            `None` takes them from the file. Defaults to `None`.
        max_broken_rows: int. So many rows with a wrong number of fields are
            left out, with a warning, before one is an error. Defaults to 0.
        delimiter: str. What separates the fields of `"csv"`. Defaults to a
            comma.
        optional: sequence of str. Those of `columns` that a row of `"jsonl"` or
            `"parquet"` may lack; they are read as `""`. Defaults to none.
        keep_broken: bool. Whether a `BrokenRow` is yielded in the place of
            every error that is about one row, bytes that are no text among
            them; a header without rows is no error either. Defaults to
            `False`.

    Returns:
        An iterator over `(line_number, {column: field})`. A row that covers
        several lines has the number of the first; rows of `"parquet"` are
        counted from 1.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is not what `file_format` says, or is empty.
    """
    if file_format not in FILE_FORMATS:
        raise ValueError(unknown_name("file format", file_format, FILE_FORMATS))
    if columns and len(set(columns)) < len(columns):
        raise ValueError(
            "`columns` must name every column once. Received: columns="
            f"{tuple(columns)}. Rename the columns that are not read."
        )
    if file_format == "jsonl":
        rows = read_objects(path, columns, optional, keep_broken)
    elif file_format == "parquet":
        rows = read_table(path, columns, optional, keep_broken)
    else:
        rows = _read_fields(
            path, file_format, columns, max_broken_rows, delimiter, keep_broken
        )
    if keep_broken:
        return _breaking_no_text(path, rows)
    return rows if file_format == "jsonl" else _refusing_none(path, rows)


def _read_fields(
    path: str | os.PathLike,
    file_format: str,
    columns: Sequence[str] | None,
    max_broken_rows: int,
    delimiter: str,
    keep_broken: bool,
) -> Iterator[tuple[int, dict[str, str] | BrokenRow]]:
    lines = read_lines(path, "surrogateescape" if keep_broken else "strict")
    remedy = _REMEDIES[file_format]
    if file_format == "tsv":
        rows = _split(lines)
    else:
        first = next(lines)
        remedy += delimiter_hint(first[1], delimiter)
        lines = itertools.chain([first], lines)
        rows = _parse(path, lines, delimiter, remedy, keep_broken, not columns)
    return _as_dicts(path, rows, columns, max_broken_rows, remedy, keep_broken)


def delimiter_hint(line: str, delimiter: str) -> str:
    """Says what a line of CSV looks to be separated by, if by something else.

    Args:
        line: the first line of the file.
        delimiter: what it was read with.

    Returns:
        A sentence that names the setting; empty if there is nothing to say.
    """
    counts = {other: line.count(other) for other in ",;\t|"}
    likely = max(counts, key=counts.__getitem__)
    if likely == delimiter or counts[likely] <= line.count(delimiter):
        return ""
    # As YAML and JSON write it, a tab among them.
    shown = json.dumps(likely)
    return f" It looks separated by {shown}: write delimiter: {shown}."


def _split(
    lines: Iterator[tuple[int, str]],
) -> Iterator[tuple[int, list[str]]]:
    for number, line in lines:
        line = line.removesuffix("\n").removesuffix("\r")
        yield number, line.split("\t") if line else []


def _parse(
    path: str | os.PathLike,
    lines: Iterator[tuple[int, str]],
    delimiter: str,
    remedy: str,
    keep_broken: bool,
    has_header: bool,
) -> Iterator[tuple[int, list[str] | BrokenRow]]:
    # Python's own limit, 131,072 characters a field, is that of a document.
    csv.field_size_limit(_LONGEST)
    reader = csv.reader(
        (line for _, line in lines), delimiter=delimiter, strict=True
    )
    while True:
        number = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            message = (
                f"{path}:{number}: the row that starts here must be CSV "
                f"(RFC 4180). Received: {error}. {remedy}"
            )
            if not keep_broken or (has_header and number == 1):
                raise ValueError(message) from None
            yield number, BrokenRow(message)
        else:
            yield number, fields


def _as_dicts(
    path: str | os.PathLike,
    rows: Iterator[tuple[int, list[str] | BrokenRow]],
    columns: Sequence[str] | None,
    max_broken_rows: int,
    remedy: str,
    keep_broken: bool,
) -> Iterator[tuple[int, dict[str, str] | BrokenRow]]:
    columns = columns or _header(path, rows)
    num_broken = 0
    for number, fields in rows:
        if isinstance(fields, BrokenRow):
            yield number, fields
            continue
        if not fields and len(columns) == 1:
            fields = [""]
        if len(fields) == len(columns):
            yield number, dict(zip(columns, fields, strict=True))
            continue
        message = _misfit(f"{path}:{number}", fields, columns, remedy)
        if keep_broken:
            yield number, BrokenRow(message)
            continue
        num_broken += 1
        if num_broken > max_broken_rows:
            raise ValueError(message)
    if num_broken:
        warnings.warn(
            f"{path}: left out {num_broken} row(s) that do not have the "
            f"fields {', '.join(columns)}.",
            stacklevel=2,
        )


def _misfit(
    place: str, fields: list[str], columns: Sequence[str], remedy: str
) -> str:
    received = f"{len(fields)} field(s)" if fields else "a blank line"
    return (
        f"{place}: every row must have one field per column. Received: "
        f"{received} for the columns {', '.join(columns)}. "
        f"{remedy}"
    )


def _header(
    path: str | os.PathLike, rows: Iterator[tuple[int, list[str] | BrokenRow]]
) -> list[str]:
    number, columns = next(rows)
    if not columns or len(set(columns)) < len(columns):
        raise ValueError(
            f"{path}:{number}: the first line must name every column once. "
            f"Received: {', '.join(columns) or 'a blank line'}. Correct the "
            "names, or give `columns` if the file has no header."
        )
    return columns


def _breaking_no_text(
    path: str | os.PathLike,
    rows: Iterator[tuple[int, dict[str, str] | BrokenRow]],
) -> Iterator[tuple[int, dict[str, str] | BrokenRow]]:
    """Breaks rows with half a character: no UTF-8, or JSON's escapes."""
    for number, row in rows:
        if isinstance(row, dict):
            try:
                "".join(row.values()).encode("utf-8")
            except UnicodeEncodeError as error:
                row = BrokenRow(
                    f"{path}:{number}: a row must be UTF-8. Received: "
                    f"{error.object[error.start]!a}, which stands for no "
                    "character. Convert the file, or correct the row."
                )
        yield number, row


def _refusing_none(
    path: str | os.PathLike, rows: Iterator[tuple[int, dict[str, str]]]
) -> Iterator[tuple[int, dict[str, str]]]:
    empty = True
    for row in rows:
        empty = False
        yield row
    if empty:
        raise ValueError(
            f"{path}: a data file must hold at least one row. Received: a "
            "header and no rows. Give a file with rows, or give `columns` if "
            "the first line is a row."
        )

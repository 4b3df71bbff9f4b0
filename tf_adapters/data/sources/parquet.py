"""Reads Parquet files, by pyarrow."""

import os
from collections.abc import Iterator
from collections.abc import Sequence

from tf_adapters import storage
from tf_adapters.data.lookup import unknown_name
from tf_adapters.data.sources.broken_rows import BrokenRow
from tf_adapters.data.sources.broken_rows import each_read
from tf_adapters.data.sources.json_lines import as_text
from tf_adapters.data.sources.lines import check_is_file

# Rows that are read at once. Texts may be long.
_BATCH = 1024


def read_table(
    path: str | os.PathLike,
    columns: Sequence[str] | None = None,
    optional: Sequence[str] = (),
    keep_broken: bool = False,
) -> Iterator[tuple[int, dict[str, str] | BrokenRow]]:
    """Yields the number and the values of every row, as strings.

    Numbers and booleans become the text that JSON writes for them.

    Args:
        path: path of the file.
        columns: sequence of str or `None`. The columns to read; others may
            hold anything. `None` reads every column. Defaults to `None`.
        optional: sequence of str. Those of `columns` that the file may lack,
            or hold no value of in a row; they are read as `""`. Defaults to
            none.
        keep_broken: bool. Whether a `BrokenRow` is yielded in the place of a
            row that cannot be read, which is else an error. Defaults to
            `False`.

    Returns:
        An iterator over `(row_number, {column: value})`. The first row is
        number 1.

    Raises:
        FileNotFoundError: if there is no such file.
        ImportError: if pyarrow is not installed.
        ValueError: if it is not a Parquet file, a column is not there, or a
            value is neither a string nor a number nor a boolean.
    """
    path = storage.as_path(path)
    check_is_file(path)
    return _rows(path, columns, optional, keep_broken)


def _rows(path, columns, optional, keep_broken):
    try:
        from pyarrow import ArrowInvalid
        from pyarrow import parquet
    except ImportError as error:
        raise ImportError(
            f"{path} is read by pyarrow, which is not installed. Install it "
            "with `pip install 'tf_adapters[parquet]'`."
        ) from error
    with path.open("rb") as opened:
        if not hasattr(opened, "closed"):
            # All that pyarrow misses of what TensorFlow opens elsewhere.
            opened.closed = False
        try:
            # Else it reads all row groups at the first row.
            file = parquet.ParquetFile(opened, pre_buffer=False)
        except (ArrowInvalid, OSError) as error:
            reason = str(error).rstrip(".")
            raise ValueError(
                f"{path}: the file must be Parquet. Received: {reason}. "
                "Correct `file_format`."
            ) from error
        there = file.schema_arrow.names
        for column in columns or ():
            if column not in [*there, *optional]:
                message = unknown_name("column", column, there, f" of {path}")
                raise ValueError(message)
        batches = file.iter_batches(_BATCH, columns=columns and list(columns))
        rows = (row for batch in batches for row in batch.to_pylist())

        def read(number, row):
            empty = {k: "" for k in optional if row.get(k) is None}
            values = {**row, **empty}
            place = f"{path}:{number}"
            return {k: as_text(place, k, v) for k, v in values.items()}

        yield from each_read(enumerate(rows, start=1), read, keep_broken)

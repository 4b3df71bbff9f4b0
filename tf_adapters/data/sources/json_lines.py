"""Reads files that hold one JSON object per line."""

import json
import os
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

from tf_adapters.data.lookup import unknown_name
from tf_adapters.data.sources.broken_rows import BrokenRow
from tf_adapters.data.sources.broken_rows import each_read
from tf_adapters.data.sources.lines import read_lines

_RULE = "every line of a JSON Lines file must hold one JSON object"
_REMEDY = (
    'Write for example {"text": "Fine.", "label": "good"} on one line, '
    "without a comma at its end."
)


def read_objects(
    path: str | os.PathLike,
    keys: Sequence[str] | None = None,
    optional: Sequence[str] = (),
    keep_broken: bool = False,
) -> Iterator[tuple[int, dict[str, str] | BrokenRow]]:
    """Yields the line number and the values of every object, as strings.

    Numbers and booleans become the text that JSON writes for them, so `1` is
    `"1"` and `true` is `"true"`.

    Args:
        path: path of the file.
        keys: sequence of str or `None`. The keys to read; other keys may hold
            anything or be absent. `None` reads every key. Defaults to `None`.
        optional: sequence of str. Those of `keys` that an object may lack or
            have as null; they are read as `""`. Defaults to none.
        keep_broken: bool. Whether a `BrokenRow` is yielded in the place of a
            line that cannot be read, which is else an error. Defaults to
            `False`.

    Returns:
        An iterator over `(line_number, {key: value})`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if a line is not an object that holds plain values.
    """
    errors = "surrogateescape" if keep_broken else "strict"

    def read(number, line):
        place = f"{path}:{number}"
        try:
            return _values(place, _parsed(place, line), keys, optional)
        except RecursionError:
            raise ValueError(
                f"{place}: {_RULE}. Received: {line.strip()[:80]!r}, which is "
                f"nested too deep. {_REMEDY}"
            ) from None

    yield from each_read(read_lines(path, errors), read, keep_broken)


def _values(
    place: str,
    row: dict[str, Any],
    keys: Sequence[str] | None,
    optional: Sequence[str],
) -> dict[str, str]:
    for key in keys or ():
        if row.get(key) is None and key in optional:
            row[key] = ""
        if key not in row:
            raise ValueError(
                f"{place}: {unknown_name('column', key, row)} Add it to "
                "this object or correct the name of the column."
            )
    wanted = row if keys is None else keys
    return {key: as_text(place, key, row[key]) for key in wanted}


def _parsed(place: str, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{place}: {_RULE}. Received: {line.strip()[:80]!r} ({error.msg} "
            f"at column {error.colno}). {_REMEDY}"
        ) from None
    if not isinstance(row, dict):
        raise ValueError(
            f"{place}: {_RULE}. Received: {line.strip()[:80]!r}. {_REMEDY}"
        )
    return row


def as_text(place: str, key: str, value: object) -> str:
    """Returns a value of a row as the text that JSON writes for it.

    Args:
        place: where the row is, for the message.
        key: str. Name of the column.
        value: what the row holds.

    Raises:
        ValueError: if it is neither a string nor a number nor a boolean.
    """
    if isinstance(value, str):
        return value
    if not isinstance(value, int | float):
        shown = "null" if value is None else str(value)[:80]
        raise ValueError(
            f"{place}: a value must be a string, a number or a boolean. "
            f"Received: {key}={shown}. Write one plain value, "
            "or leave the row out."
        )
    return json.dumps(value)

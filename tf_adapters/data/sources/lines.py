"""Reads a text file line by line, and says where a file is no text."""

import codecs
import itertools
import os
import pathlib
from collections.abc import Iterator


def read_lines(path: str | os.PathLike) -> Iterator[tuple[int, str]]:
    """Yields the number and the text of every line of a UTF-8 file.

    A line ends at LF only: the characters at which `str.splitlines` would also
    break (form feeds, U+2028 and others) do occur inside text. The end of the
    line is kept. A byte order mark and blank lines at the end of the file are
    left out.

    Args:
        path: path of the file.

    Returns:
        An iterator over `(line_number, text)`. The first line is number 1.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is empty or not UTF-8.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(_missing(path))
    return _lines(path)


def _lines(path: pathlib.Path) -> Iterator[tuple[int, str]]:
    offset, blank, number = 0, [], 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            text = _decoded(path, number, offset, line)
            offset += len(line)
            blank.append((number, text))
            if text.strip("\r\n"):
                yield from blank
                blank.clear()
    if len(blank) == number:
        raise ValueError(
            f"{path}: the file must not be empty. Received: no line that is "
            "not blank. Fill the file, or leave it out."
        )


def _decoded(path: pathlib.Path, number: int, offset: int, line: bytes) -> str:
    start = len(codecs.BOM_UTF8) * line.startswith(codecs.BOM_UTF8)
    start *= number == 1
    try:
        return line[start:].decode("utf-8")
    except UnicodeDecodeError as error:
        position = start + error.start
        raise ValueError(
            f"{path}:{number}: the file must be UTF-8. Received: byte "
            f"0x{line[position]:02x} at offset {offset + position} of the "
            "file. Convert the file, for example with `iconv -f latin1 -t "
            f"utf-8 {path.name}`, naming the encoding it really has."
        ) from None


def _missing(path: pathlib.Path) -> str:
    if not path.parent.is_dir():
        found = f"there is no folder {str(path.parent)!r} either"
    else:
        names = sorted(entry.name for entry in path.parent.iterdir())
        more = ", ..." if len(names) > 20 else ""
        shown = ", ".join(itertools.islice(names, 20)) or "nothing"
        found = f"its folder holds {shown}{more}"
    kind = "a folder" if path.is_dir() else "no such file"
    return (
        f"The file must exist. Received: {str(path)!r}, which is {kind}; "
        f"{found}. Correct the path or put the file there."
    )

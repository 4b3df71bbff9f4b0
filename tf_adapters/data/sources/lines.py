"""Reads a text file line by line, and says where a file is no text."""

import codecs
import contextlib
import gzip
import itertools
import os
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from tf_adapters import storage


class EmptyFileError(ValueError):
    """A file that has no line, or none but blank ones."""


def read_lines(
    path: str | os.PathLike, errors: str = "strict"
) -> Iterator[tuple[int, str]]:
    """Yields the number and the text of every line of a UTF-8 file.

    A file whose name ends in `.gz` is decompressed.

    A line ends at LF only: the characters at which `str.splitlines` would also
    break (form feeds, U+2028 and others) do occur inside text. The end of the
    line is kept. A byte order mark and blank lines at the end of the file are
    left out.

    Args:
        path: path of the file.
        errors: str. What becomes of bytes that are not UTF-8, as `bytes.decode`
            takes it: `"strict"` is an error, `"surrogateescape"` keeps them as
            lone surrogates. Defaults to `"strict"`.

    Returns:
        An iterator over `(line_number, text)`. The first line is number 1.

    Raises:
        FileNotFoundError: if there is no such file.
        EmptyFileError: if the file is empty.
        ValueError: if it is not UTF-8, or not as compressed as its name says.
    """
    path = storage.as_path(path)
    check_is_file(path)
    return _lines(path, errors)


def check_is_file(path: storage.Path) -> None:
    """Refuses a path where there is no file, and says what is there.

    Raises:
        FileNotFoundError: if there is none.
    """
    if not path.is_file():
        raise FileNotFoundError(_missing(path))


def _lines(path: storage.Path, errors: str) -> Iterator[tuple[int, str]]:
    offset, blank, number = 0, [], 0
    with _opened(path) as file:
        for number, line in enumerate(file, start=1):
            text = _decoded(path, number, offset, line, errors)
            offset += len(line)
            blank.append((number, text))
            if text.strip("\r\n"):
                yield from blank
                blank.clear()
    if len(blank) == number:
        raise EmptyFileError(
            f"{path}: the file must not be empty. Received: no line that is "
            "not blank. Fill the file, or leave it out."
        )


@contextlib.contextmanager
def _opened(path: storage.Path) -> Iterator[BinaryIO]:
    with path.open("rb") as file:
        if path.suffix.lower() != ".gz":
            yield file
            return
        try:
            with gzip.open(file) as decompressed:
                yield decompressed
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(
                f"{path}: a file that is called .gz must be compressed by "
                f"gzip. Received: {error}. It may have been cut short; copy it "
                "again, or rename it."
            ) from error


def _decoded(
    path: storage.Path, number: int, offset: int, line: bytes, errors: str
) -> str:
    if number == 1:
        _check_is_not_utf_16(path, line)
    start = len(codecs.BOM_UTF8) * line.startswith(codecs.BOM_UTF8)
    start *= number == 1
    try:
        return line[start:].decode("utf-8", errors)
    except UnicodeDecodeError as error:
        position = start + error.start
        raise ValueError(
            f"{path}:{number}: the file must be UTF-8. Received: byte "
            f"0x{line[position]:02x} at offset {offset + position} of the "
            "file. Convert the file, for example with `iconv -f latin1 -t "
            f"utf-8 {path.name}`, naming the encoding it really has."
        ) from None


def _check_is_not_utf_16(path: storage.Path, line: bytes) -> None:
    # Without a mark, every other byte of text in Latin letters is zero.
    marked = line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if marked or line.count(0) > len(line) // 3:
        raise ValueError(
            f"{path}: the file must be UTF-8. Received: UTF-16, as Excel's "
            '"Unicode text" is. Convert it, for example with `iconv -f utf-16 '
            f"-t utf-8 {path.name}`, or save it as UTF-8."
        )


def _missing(path: storage.Path) -> str:
    if not path.parent.is_dir():
        found = f"there is no folder {str(path.parent)!r} either"
    else:
        names = [entry.name for entry in storage.listed(path.parent)]
        more = ", ..." if len(names) > 20 else ""
        shown = ", ".join(itertools.islice(names, 20)) or "nothing"
        found = f"its folder holds {shown}{more}"
    kind = "a folder" if path.is_dir() else "no such file"
    return (
        f"The file must exist. Received: {str(path)!r}, which is {kind}; "
        f"{found}. Correct the path or put the file there."
    )

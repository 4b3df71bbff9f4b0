"""Rows that cannot be read, which end the reading or are told one by one."""

import dataclasses
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from typing import TypeVar

Row = TypeVar("Row")


@dataclasses.dataclass(frozen=True)
class BrokenRow:
    """Stands in the place of a row that cannot be read.

    Attributes:
        reason: str. Why not, with the place of the row.
    """

    reason: str


def each_read(
    rows: Iterable[tuple[int, Row]],
    read: Callable[[int, Row], dict[str, str]],
    keep_broken: bool,
) -> Iterator[tuple[int, dict[str, str] | BrokenRow]]:
    """Yields the number and the values of every row.

    Args:
        rows: pairs of the number of a row and what stands there.
        read: function from these to the values, which raises a `ValueError` if
            there are none.
        keep_broken: bool. Whether a `BrokenRow` is yielded in the place of the
            error.

    Raises:
        ValueError: if a row cannot be read and `keep_broken` is false.
    """
    for number, row in rows:
        try:
            values = read(number, row)
        except ValueError as error:
            if not keep_broken:
                raise
            values = BrokenRow(str(error))
        yield number, values

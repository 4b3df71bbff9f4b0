"""Rows that cannot be read, which end the reading or are told one by one."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from typing import TypeVar

Row = TypeVar("Row")


def each_read(
    rows: Iterable[tuple[int, Row]],
    read: Callable[[int, Row], dict[str, str]],
    on_broken: Callable[[int, str], None] | None,
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yields the number and the values of every row that can be read.

    Args:
        rows: pairs of the number of a row and what stands there.
        read: function from these to the values, which raises a `ValueError` if
            there are none.
        on_broken: function from the number and the message to nothing, called
            in place of the error; `None` lets it be raised.

    Raises:
        ValueError: if a row cannot be read and there is no `on_broken`.
    """
    for number, row in rows:
        try:
            values = read(number, row)
        except ValueError as error:
            if on_broken is None:
                raise
            on_broken(number, str(error))
        else:
            yield number, values

"""What a setting may be in a search. A recipe has one for each that matters."""

import dataclasses
import math
from typing import Any


@dataclasses.dataclass(frozen=True)
class Between:
    """A number between two others, for a setting that is a float.

    From a factor of ten on it is drawn by its logarithm.

        space = {"learning_rate": Between(1e-4, 1e-2)}

    Attributes:
        low, high: the least and the most it may be.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        """Refuses what holds no number."""
        if not -math.inf < self.low < self.high < math.inf:
            raise ValueError(
                "`Between` takes two finite numbers, the lower first. "
                f"Received: {self.low}, {self.high}."
            )

    @property
    def is_logarithmic(self) -> bool:
        """Whether its logarithm is drawn evenly, and not the number."""
        return self.low > 0 and self.high >= 10 * self.low

    def contains(self, value: Any) -> bool:
        """Whether a setting may have this value."""
        is_number = isinstance(value, int | float)
        return is_number and self.low <= value <= self.high

    def rounded(self, value: float) -> float:
        """Returns a number within it with three digits, as people write it."""
        return min(max(float(f"{value:.3g}"), self.low), self.high)

    def __str__(self) -> str:
        """Returns it as `read_range` reads it."""
        return f"{self.low}:{self.high}"


@dataclasses.dataclass(frozen=True, init=False)
class OneOf:
    """One of some values.

        space = {"bottleneck_dim": OneOf(8, 16, 32)}

    Args:
        *values: int, float, str or bool, all of one type.
    """

    values: tuple

    def __init__(self, *values: int | float | str | bool) -> None:
        if not values or len({type(value) for value in values}) > 1:
            raise ValueError(
                f"`OneOf` takes values of one type. Received: {values}."
            )
        object.__setattr__(self, "values", values)

    def contains(self, value: Any) -> bool:
        """Whether a setting may have this value."""
        return value in self.values

    def rounded(self, value: Any) -> Any:
        """Returns the value."""
        return value

    def __str__(self) -> str:
        """Returns it as `read_range` reads it."""
        return ",".join(map(str, self.values))


Range = Between | OneOf


def read_range(name: str, text: str, kind: type) -> Range:
    """Reads a range as it is typed.

    Args:
        name: name of the setting, for the message of an error.
        text: `1e-4:1e-2`, or the values, `8,16,32`.
        kind: type of the setting.

    Raises:
        ValueError: if it is none.
    """
    try:
        if ":" in text and kind is float:
            low, high = map(float, text.split(":"))
            return Between(low, high)
        return OneOf(*(_value(part, kind) for part in text.split(",")))
    except (ValueError, KeyError) as error:
        between = " or a range, 1e-4:1e-2" if kind is float else ""
        raise ValueError(
            f"What `{name}` may be is a list of {kind.__name__}, separated by "
            f"commas{between}. Received: {text!r} ({error})."
        ) from None


def _value(text: str, kind: type) -> Any:
    return _BOOLEANS[text] if kind is bool else kind(text)


_BOOLEANS = {"True": True, "False": False}

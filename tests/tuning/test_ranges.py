import math

import pytest

from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf
from tf_adapters.tuning.ranges import read_range


@pytest.mark.parametrize(
    "range_, kind",
    [
        (Between(1e-4, 0.5), float),
        (OneOf(8, 16), int),
        (OneOf(0.1, 1e-6), float),
        (OneOf("a", "b_c"), str),
        (OneOf(True, False), bool),
    ],
)
def test_a_range_is_read_as_it_is_written(range_, kind):
    assert read_range("it", str(range_), kind) == range_


def test_wide_ranges_are_drawn_by_their_logarithm():
    assert Between(1e-3, 1e-2).is_logarithmic
    assert not Between(1e-3, 9e-3).is_logarithmic
    assert not Between(0.0, 0.3).is_logarithmic


def test_numbers_have_three_digits_and_stay_within():
    range_ = Between(1.2345e-4, 9.8765)
    assert range_.rounded(0.0123456) == 0.0123
    assert range_.rounded(1.2345e-4) == 1.2345e-4
    # 9.88 is beyond it.
    assert range_.rounded(9.8764) == 9.8765
    assert OneOf(0.123456).rounded(0.123456) == 0.123456


def test_what_is_within():
    assert Between(0.0, 1.0).contains(1.0) and OneOf(1, 2).contains(2)
    assert not Between(0.0, 1.0).contains(1.1)
    assert not Between(0.0, 1.0).contains("0.5")
    assert not OneOf(1, 2).contains(3)


@pytest.mark.parametrize("low, high", [(2, 1), (1, 1), (0, math.inf)])
def test_a_range_that_holds_nothing_is_refused(low, high):
    with pytest.raises(ValueError, match="the lower first. Received"):
        Between(low, high)


@pytest.mark.parametrize("values", [(), (1, "a"), (1, 2.0)])
def test_values_of_several_types_are_refused(values):
    with pytest.raises(ValueError, match="one type. Received"):
        OneOf(*values)


@pytest.mark.parametrize(
    "text, kind",
    [
        ("8:16", int),
        ("a,8", int),
        ("", float),
        ("1:2:3", float),
        ("true", bool),
    ],
)
def test_what_is_no_range_is_refused(text, kind):
    with pytest.raises(ValueError, match=f"`it` may be.*{kind.__name__}"):
        read_range("it", text, kind)

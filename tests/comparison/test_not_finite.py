"""Scores that are no numbers."""

import math

import pytest

from tests.written_runs import scores


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_comes_last(bad, write_run, tables):
    # As the folders are found, the bad one is the first.
    runs = [
        write_run("a", "lora", dev=scores("cola", bad)),
        write_run("b", "bitfit", dev=scores("cola", 0.7)),
        write_run("c", "houlsby", dev=scores("cola", 0.9)),
    ]
    rows, differences = tables(*runs)
    assert [row["method"] for row in rows] == ["houlsby", "bitfit", "lora"]
    # The others are held to the first.
    assert differences[0]["cola (matthews)"] == "-20.0"


def test_a_score_that_is_no_number_leaves_no_deviation(write_run, tables):
    runs = [
        write_run(f"s{seed}", seed=seed, dev=scores("cola", value))
        for seed, value in enumerate((0.1, math.nan, 0.3))
    ]
    [[row]] = tables(*runs)
    assert row["cola (matthews)"] == "nan ± nan"


def test_a_score_that_is_no_number_is_not_the_best(write_run, tables):
    runs = [
        write_run(f"r{i}", learning_rate=rate, dev=scores("cola", value))
        for i, (rate, value) in enumerate(
            [(1e-3, 0.3), (3e-3, 0.7), (1e-2, math.nan), (3e-2, 0.2)]
        )
    ]
    [[row]] = tables(*runs, "--best")
    assert row["cola (matthews)"] == "70.0"
    assert row["learning rate"] == "0.003"

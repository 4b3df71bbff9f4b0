"""Differences from a reference, seed by seed."""

import pytest

from tests.written_runs import DEV
from tests.written_runs import scores


@pytest.fixture
def runs(write_run):
    """Three seeds of one method, two of them and another of the next."""
    cola = {
        "houlsby": {0: 0.3, 1: 0.5, 2: 0.2},
        "compacter": {0: 0.2, 1: 0.3, 5: 0.9},
    }
    return [
        write_run(
            f"{recipe}{seed}",
            recipe,
            seed=seed,
            dev=DEV | scores("cola", value),
        )
        for recipe, own in cola.items()
        for seed, value in own.items()
    ]


def test_only_seeds_that_both_have_are_paired(runs, tables):
    _, [row] = tables(*runs, "--reference", "houlsby")
    assert row == {
        "method": "compacter",
        # -0.1 and -0.2: the deviation is 0.1 over the root of 2.
        "cola (matthews)": "-15.0 ± 7.1",
        "mrpc (accuracy / f1)": "+0.0 ± 0.0 / +0.0 ± 0.0",
        # Half of both.
        "mean": "-7.5 ± 3.5",
        "seeds of both": "0 1",
    }


def test_one_seed_of_both_has_a_difference_and_no_spread(runs, tables):
    _, [row] = tables(runs[0], runs[3], "--reference", "houlsby")
    assert row["cola (matthews)"] == "-10.0"
    _, [row] = tables(runs[0], runs[5], "--reference", "houlsby")
    assert row["cola (matthews)"] == row["seeds of both"] == "-"


def test_full_fine_tuning_is_the_reference_if_it_is_there(
    runs, tables, compare, write_run
):
    text = compare(*runs, "--format", "markdown").out
    # Without it the best is: the means of cola are 0.333 and 0.467.
    assert "More than compacter, seed by seed" in text
    full = write_run("full", "full_fine_tuning", dev=DEV | scores("cola", 0))
    text = compare(*runs, full, "--format", "markdown").out
    assert "More than full_fine_tuning, seed by seed" in text


def test_an_unknown_reference_is_refused(runs, compare):
    error = compare(runs[0], "--reference", "hulsby", code=2).err
    assert "Received: 'hulsby', beside houlsby. Name one of these" in error

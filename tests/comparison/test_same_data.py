"""Dev sets of one name that are not the same."""

from tests.written_runs import DEV
from tests.written_runs import MAJORITY
from tests.written_runs import scores

OTHER = MAJORITY | {"cola": {"matthews": 0.1}}


def test_another_dev_set_has_a_column_of_its_own(write_run, tables, compare):
    runs = [
        write_run("a"),
        write_run("b", "bitfit", majority=OTHER),
        write_run("c", "lora", dev=scores("cola", 0.7), majority=OTHER),
    ]
    rows, _ = tables(*runs)
    cells = {
        row["method"]: (row["cola (matthews)"], row["cola [2] (matthews)"])
        for row in rows
    }
    assert cells == {
        "houlsby": ("20.0", "-"),
        "bitfit": ("-", "20.0"),
        "lora": ("-", "70.0"),
    }
    assert all(row["mean"] == "-" for row in rows)
    assert f"cola [2] is what '{runs[1]}' calls so" in compare(*runs).err


def test_rounding_is_not_another_dev_set(write_run, tables):
    near = MAJORITY | {"cola": {"matthews": 1e-17}}
    [[row]] = tables(write_run("a"), write_run("b", seed=1, majority=near))
    assert row["seeds"] == "0 1"


def test_a_guess_from_examples_that_were_drawn_tells_nothing(write_run, tables):
    runs = [
        write_run("few", majority=OTHER, max_examples=8),
        write_run("all"),
    ]
    rows, _ = tables(*runs)
    names = {f"houlsby --max_examples {count}" for count in (0, 8)}
    assert {row["method"] for row in rows} == names
    assert all(row["cola (matthews)"] == "20.0" for row in rows)


def test_other_metrics_have_a_column_of_their_own(write_run, tables):
    runs = [
        write_run("a"),
        write_run(
            "b",
            "bitfit",
            dev=DEV | {"mrpc": {"accuracy": 0.8}},
            majority=MAJORITY | {"mrpc": {"accuracy": 0.68}},
        ),
    ]
    rows, _ = tables(*runs)
    assert [row["mrpc [2] (accuracy)"] for row in rows] == ["-", "80.0"]

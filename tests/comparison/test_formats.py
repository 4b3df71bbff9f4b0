"""What is printed: for people, and for programs."""

import csv
import json
import math

import pytest

from tests.written_runs import DEV
from tests.written_runs import scores


@pytest.fixture
def runs(write_run):
    return [
        write_run("a", seed=0),
        write_run("b", seed=1, dev=DEV | scores("cola", 0.4)),
        write_run("c", "lora", percent=3.0, dev=scores("cola", 0.1)),
    ]


def test_csv_has_a_line_for_each_score(runs, compare):
    lines = list(
        csv.DictReader(compare(*runs, "--format", "csv").out.splitlines())
    )
    assert [(x["method"], x["task"], x["metric"]) for x in lines] == [
        ("houlsby", "cola", "matthews"),
        ("houlsby", "mrpc", "accuracy"),
        ("houlsby", "mrpc", "f1"),
        ("houlsby", "mean", "mean"),
        ("lora", "cola", "matthews"),
    ]


def test_csv_by_hand(runs, compare):
    text = compare(*runs, "--format", "csv").out
    *_, mean, lora = csv.DictReader(text.splitlines())
    assert mean["seeds"] == "0 1"
    # (0.2 + 0.85) / 2 and (0.4 + 0.85) / 2
    assert float(mean["score"]) == pytest.approx((0.525 + 0.625) / 2)
    assert float(mean["deviation"]) == pytest.approx(0.1 / 2**0.5)
    # Seed 0 of the reference has 0.2.
    assert float(lora["difference"]) == pytest.approx(-0.1)
    assert (lora["difference_deviation"], lora["difference_seeds"]) == ("", "0")
    assert float(lora["trained_percent"]) == 3.0


def test_json_says_all(runs, compare):
    found = json.loads(compare(*runs, "--format", "json").out)
    assert found["tasks"] == {"cola": ["matthews"], "mrpc": ["accuracy", "f1"]}
    assert found["reference"] == "houlsby"
    houlsby, lora = found["methods"]
    assert houlsby["scores"]["cola"]["matthews"] == {
        "mean": pytest.approx(0.3),
        "deviation": pytest.approx(0.2 / 2**0.5),
        "seeds": [0, 1],
    }
    assert lora["differences"]["cola"]["matthews"]["mean"] == pytest.approx(
        -0.1
    )
    assert lora["mean"] is None
    [settings] = houlsby["settings"]
    assert settings["learning_rate"] == 1e-3 and "seed" not in settings
    assert houlsby["runs"] == [str(run) for run in runs[:2]]


def test_json_has_null_for_what_is_no_number(write_run, compare):
    runs = [
        write_run("a", dev=scores("cola", math.nan), clip_norm=math.inf),
        write_run("b", "lora", dev=scores("cola", 0.5)),
    ]
    text = compare(*runs, "--format", "json").out

    def refuse(name):
        raise AssertionError(name)

    lora, houlsby = json.loads(text, parse_constant=refuse)["methods"]
    assert lora["name"] == "lora"
    nothing = {"mean": None, "deviation": None, "seeds": [0]}
    assert houlsby["scores"]["cola"]["matthews"] == nothing
    assert houlsby["mean_difference"] == nothing
    assert houlsby["settings"][0]["clip_norm"] is None


def test_a_terminal_gets_the_same_figures(runs, compare):
    text = compare(*runs).out
    for part in ("30.0 ± 14.1", "80.0 ± 0.0", "-10.0", "trained per task, %"):
        assert part in text
    # Metrics of a task stand one below the other.
    [first] = [line for line in text.splitlines() if "30.0 ± 14.1" in line]
    assert "80.0 ± 0.0" in first and "90.0 ± 0.0" not in first
    assert "\x1b" not in text


def test_one_run_of_one_task_has_no_mean_and_no_differences(write_run, compare):
    text = compare(write_run("a", dev=scores("cola", 0.1))).out
    assert "mean" not in text and "seed by seed" not in text

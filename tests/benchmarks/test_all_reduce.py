import pathlib
import re

import pytest

SCRIPT = pathlib.Path(__file__).parents[2] / "benchmarks" / "all_reduce.py"


def test_flags_follow_from_two_times(script):
    # Five replicas: 8 turns of 2 ms; 8 / 5 times 8 x 4 x 1e6 bits in 32 ms.
    flags = script("all_reduce").flags(0.016, 0.048, 10**6, 5)
    assert flags == "--latency 2.0e-03 --gigabits 1.6"


@pytest.mark.large
def test_two_processes_measure(run_workers):
    command = (str(SCRIPT), "--size", "1000", "--rounds", "2")
    code, printed, errors = run_workers(*command)
    assert code == 0, errors
    pattern = r"--latency \d\.\de-\d+ --gigabits \S+"
    assert all(re.fullmatch(pattern, line) for (line,) in printed)

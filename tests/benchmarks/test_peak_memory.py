import argparse

import numpy as np
import pytest


@pytest.mark.large
def test_it_counts_what_a_step_takes(script, monkeypatch):
    def trainer(command, args):
        # 400 MB, twice.
        return lambda: float(np.ones(10**8, "float32").sum())

    peak_memory = script("peak_memory")
    monkeypatch.setattr(peak_memory.side_by_side, "set_threads", lambda _: None)
    monkeypatch.setattr(peak_memory.step_times, "trainer", trainer)
    # More than any test before has had.
    before = np.ones(10**7, "float32")
    low, high = peak_memory.peak(
        "houlsby", argparse.Namespace(threads=1, rounds=2)
    )
    assert before.nbytes / 1e9 < low <= high

import argparse
import itertools
import os
import time

import numpy as np
import pytest

ARGS = argparse.Namespace(
    sentences=100, rows=32, words=7, threads=3, preset="tiny"
)


@pytest.fixture
def serve_load(script):
    return script("serve_load")


def test_requests_have_as_many_rows_and_words_as_they_should(serve_load):
    made = serve_load.requests(ARGS)
    # What is left of a hundred is no request.
    assert [len(texts) for _, texts in made] == [32] * 3
    counts = {len(text.split()) for _, texts in made for text in texts}
    assert counts == {3, 4, 5, 6, 7}
    assert {name for names, _ in made for name in names} == {*serve_load.TASKS}


def test_memory_is_compared_with_that_after_a_fifth(serve_load, monkeypatch):
    sizes = iter([100, 200, 200, 230, 220])
    watch = serve_load.Watch(os.getpid(), 10)
    watch._is_over.set()
    watch._thread.join()
    watch._seen = [(share / 10, next(sizes)) for share in (1, 2, 3, 8, 10)]
    # The median of 200, 200, 230 and 220, twice.
    assert watch.stop() == (210, 230, 210)


def test_each_request_is_timed_and_a_failure_counted(serve_load, capsys):
    asked, numbers = [], itertools.count(1)

    def ask(task, texts):
        asked.append(len(texts))
        time.sleep(0.01)
        # After the first of each thread, which are not counted.
        if next(numbers) == 5:
            raise ValueError("no answer")

    cells = serve_load.measure(ask, os.getpid(), ARGS)
    assert asked == [32] * 6
    assert cells[0] == "1"
    assert "no answer" in capsys.readouterr().err
    p50, p99 = float(cells[1]), float(cells[2])
    assert 10 <= p50 <= p99
    # Three at once, for a hundredth of a second and more.
    assert 0 < float(cells[3].replace(",", "")) <= 3 * 32 / 0.01
    assert np.isfinite(float(cells[4].replace(",", "")))

"""An end for who waits for others."""

import math
import threading
import time

import pytest

from tf_adapters.training.strategy import LOST_WORKER
from tf_adapters.training.watch import Watch

# The second of two workers lives, but does not do its part.
HANGS = """
import time
from tf_adapters.training.agreement import Agreement
from tf_adapters.training.cluster import find_cluster
from tf_adapters.training.strategy import make_strategy
from tf_adapters.training.watch import Watch

agreement = Agreement(make_strategy("multi_worker"))
agreement.any_of(False)
if find_cluster().index == 1:
    time.sleep(600)
with Watch(3.0).watching():
    agreement.any_of(False)
"""


@pytest.fixture
def given_up():
    """A list that gets a message, and a watch that would have ended all."""
    messages = []
    return messages, Watch(0.3, give_up=messages.append)


def test_it_gives_up_when_nothing_goes_on(given_up):
    messages, watch = given_up
    with watch.watching():
        time.sleep(0.6)
    assert len(messages) == 1
    assert "Received no answer for 0.3 s" in messages[0]


def test_it_is_content_while_steps_are_taken(given_up):
    messages, watch = given_up
    with watch.watching():
        for batch in range(8):
            watch.on_train_batch_begin(batch)
            time.sleep(0.1)
            watch.on_train_batch_end(batch)
        for batch in range(8):
            time.sleep(0.1)
            watch.on_predict_batch_end(batch)
    assert messages == []


def test_it_does_not_watch_what_a_process_does_alone(given_up):
    messages, watch = given_up
    with watch.watching():
        pass
    # A callback of a prediction in between does not begin it anew.
    watch.on_predict_batch_end(0)
    time.sleep(0.6)
    assert messages == []


def test_where_there_is_nobody_to_wait_for_there_is_no_thread():
    before = threading.active_count()
    Watch(math.inf)
    assert threading.active_count() == before


@pytest.mark.large
def test_a_worker_that_hangs_ends_the_other(run_workers):
    code, _, errors = run_workers("-c", HANGS, grace=1)
    assert code == LOST_WORKER, errors
    assert "[0] The workers must take each step together." in errors
    # Where it was waiting.
    assert "any_of" in errors

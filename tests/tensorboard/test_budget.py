import pytest

from tf_adapters.tensorboard import budget


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand."""
    time = [0.0]
    monkeypatch.setattr(budget.time, "perf_counter", lambda: time[0])
    return time


def test_what_was_never_done_is_tried(clock):
    assert budget.Budget(0.03).allows("look")


def test_it_is_done_again_when_training_has_paid_for_both(clock):
    own = budget.Budget(0.03)
    own.trained = 100.0
    with own.spending("look"):
        clock[0] += 2.0
    # 2 s were spent, and 2 s it would cost: 4 s are 3 % of 133.3 s.
    assert own.spent == 2.0
    own.trained = 133.0
    assert not own.allows("look")
    own.trained = 134.0
    assert own.allows("look")
    # Another group is paid from the same purse.
    own.trained = 66.0
    assert not own.allows("other")
    own.trained = 67.0
    assert own.allows("other")


def test_an_error_is_paid_for_too(clock):
    own = budget.Budget(0.5)
    with pytest.raises(KeyError), own.spending("look"):
        clock[0] += 1.0
        raise KeyError
    assert own.spent == 1.0

import pytest

from tf_adapters.tensorboard import budget


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand."""
    time = [0.0]
    monkeypatch.setattr(budget.time, "perf_counter", lambda: time[0])
    return time


def test_what_was_never_done_is_taken_to_cost_five_steps(clock):
    own = budget.Budget(0.03)
    assert own.allows("look")
    # 5 steps of 1 s are 3 % of 166.7 s.
    own.trained, own.steps = 166.0, 166
    assert not own.allows("look")
    own.trained, own.steps = 167.0, 167
    assert own.allows("look")


def test_it_is_done_again_when_training_has_paid_for_both(clock):
    own = budget.Budget(0.03)
    with own.spending("look"):
        clock[0] += 2.0
    # 2 s were spent, and 2 s it would cost: 4 s are 3 % of 133.3 s.
    assert own.spent == 2.0
    own.trained, own.steps = 133.0, 133
    assert not own.allows("look")
    own.trained, own.steps = 134.0, 134
    assert own.allows("look")
    # Another group is paid from the same purse: 2 s and 5 steps are 7 s.
    own.trained, own.steps = 233.0, 233
    assert not own.allows("other")
    own.trained, own.steps = 234.0, 234
    assert own.allows("other")


def test_what_the_end_will_cost_is_kept_back(clock):
    own = budget.Budget(0.5)
    for name, seconds in (("look", 1.0), ("draw", 3.0)):
        with own.spending(name):
            clock[0] += seconds
    # 4 s were spent; now 1 s, and 1 s and 3 s at the end.
    own.trained = 17.0
    assert own.allows("look")
    assert not own.allows("look", at_end=["look", "draw"])
    own.trained = 18.0
    assert own.allows("look", at_end=["look", "draw"])


def test_an_error_is_paid_for_too(clock):
    own = budget.Budget(0.5)
    with pytest.raises(KeyError), own.spending("look"):
        clock[0] += 1.0
        raise KeyError
    assert own.spent == 1.0

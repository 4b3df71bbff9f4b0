"""A search that is carried out, killed, shared, and gone on with."""

import os
import signal
import sys

import pytest

optuna = pytest.importorskip("optuna")

from optuna.trial import TrialState  # noqa: E402

from tf_adapters.tuning import loop  # noqa: E402


def states(search):
    return [trial.state for trial in search.trials]


@pytest.mark.large
def test_a_search_is_carried_out(make_search, stand_in):
    search, lines = make_search(), []
    stand_in.carry_on(search, 3, lines.append)
    assert states(search) == [TrialState.COMPLETE] * 3
    assert lines[0] == "Trial 0: --learning_rate 0.001 --bottleneck_dim 64"
    # The stand-in scores the learning rate.
    assert lines[1] == "  mean dev score 0.0010; the best is 0.0010, trial 0"
    best = max(search.values(i)["learning_rate"] for i in range(3))
    command = (search.folder / "best.sh").read_text()
    assert command.startswith("python train.py houlsby ")
    assert f"--learning_rate {best}" in command or best == 1e-3
    # It has what was asked for.
    stand_in.carry_on(search, 3, lines.append)
    assert len(search.trials) == 3


@pytest.mark.large
def test_a_search_that_was_killed_goes_on(
    make_search, stand_in, start_searcher, trained_by, wait_until
):
    search = make_search()
    hold, slow = search.folder / "hold", search.folder / "slow"
    hold.touch()
    slow.touch()
    process = start_searcher(search, 2)
    wait_until(lambda: trained_by(search, 0))
    process.kill()
    process.wait()
    # Another would not take it, as long as its own process is at it.
    number, lock = search.claim(2)
    assert number == 1
    os.close(lock)
    slow.unlink()
    [[_, trial_process]] = trained_by(search, 0)
    # It stops by itself, since whoever has begun it has gone.
    wait_until(lambda: not is_alive(int(trial_process)))
    assert states(search)[0] == TrialState.RUNNING
    hold.unlink()
    stand_in.carry_on(search, 2, print)
    assert states(search) == [TrialState.COMPLETE] * 2
    assert len(trained_by(search, 0)) == 2


def is_alive(process_id):
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.large
def test_two_processes_share_a_search(
    make_search, start_searcher, trained_by, wait_until
):
    search = make_search()
    hold = search.folder / "hold"
    hold.touch()
    processes = [start_searcher(search, 4) for _ in range(2)]
    # Each has one to begin with.
    wait_until(lambda: trained_by(search, 0) and trained_by(search, 1))
    hold.unlink()
    assert [process.wait() for process in processes] == [0, 0]
    assert states(search) == [TrialState.COMPLETE] * 4
    by = [trained_by(search, number) for number in range(4)]
    assert all(len(own) == 1 for own in by)
    searchers = {searcher for [[searcher, _]] in by}
    assert searchers == {str(process.pid) for process in processes}


@pytest.mark.large
def test_trials_that_fail_end_the_search(make_search, stand_in):
    search, lines = make_search(space={"bottleneck_dim": "13"}), []
    with pytest.raises(ValueError, match="3 in a row.*out of luck"):
        stand_in.carry_on(search, 9, lines.append)
    assert states(search) == [TrialState.FAIL] * 3
    assert lines[1].startswith("  failed, see ")
    assert not (search.folder / "best.sh").exists()


def test_a_trial_is_held_until_it_has_failed(make_search, monkeypatch):
    search, held = make_search(), []
    finish = search.finish

    def fail(search, number, lock):
        loop.log_path(search, number).write_text("out of luck")
        return 2

    def note(number, state):
        held.append(search._try_lock(number) is None)
        finish(number, state)

    monkeypatch.setattr(loop, "_run", fail)
    monkeypatch.setattr(search, "finish", note)
    with pytest.raises(ValueError, match="Received 3 in a row that failed"):
        loop.carry_on(search, 3, print)
    assert held == [True] * 3


def test_the_best_is_written_though_its_process_was_killed(make_search):
    search, path = make_search(), make_search().folder / "best.sh"
    number, lock = search.claim(1)
    search.finish(number, TrialState.COMPLETE, 0.5)
    os.close(lock)
    loop.carry_on(search, 1, print)
    assert path.read_text().startswith("python train.py houlsby ")
    # What says the same already stays as it is.
    os.utime(path, (0, 0))
    loop.carry_on(search, 1, print)
    assert path.stat().st_mtime == 0


@pytest.fixture
def make_grid(make_search, monkeypatch):
    """Searches a grid of widths; a function tells how each trial ends."""

    def make_grid(widths, exit_code):
        search, tried = (
            make_search(space={"bottleneck_dim": widths}, grid=True),
            [],
        )

        def run(search, number, lock):
            width = search.values(number)["bottleneck_dim"]
            tried.append(width)
            code = exit_code(width, tried.count(width))
            loop.log_path(search, number).write_text("out of luck")
            if not code:
                search.finish(number, TrialState.COMPLETE, 0.5)
            return code

        monkeypatch.setattr(loop, "_run", run)
        return search, tried

    return make_grid


def test_a_trial_whose_process_was_killed_is_tried_again(make_grid):
    search, tried = make_grid(
        "8,16,32", lambda width, time: -9 if (width, time) == (8, 1) else 0
    )
    loop.carry_on(search, 1, print)
    assert tried == [8, 16, 32, 8]
    assert states(search) == [TrialState.FAIL] + [TrialState.COMPLETE] * 3
    assert search.failed_points() == []


def test_what_is_always_killed_is_tried_twice(make_grid):
    search, tried = make_grid(
        "8,16,32", lambda width, time: -9 if width > 8 else 0
    )
    # Four in a row, of two points: the search goes on to its end.
    loop.carry_on(search, 1, print)
    loop.carry_on(search, 1, print)
    assert tried == [8, 16, 32, 16, 32]
    assert [p["bottleneck_dim"] for p in search.failed_points()] == [16, 32]


def test_a_trial_that_ended_by_itself_is_not_tried_again(make_grid):
    search, tried = make_grid("8,16", lambda width, time: 2 if time == 1 else 0)
    loop.carry_on(search, 1, print)
    assert tried == [8, 16]


@pytest.mark.large
def test_a_trial_that_kills_itself_is_tried_again(
    make_search, stand_in, trained_by, monkeypatch
):
    program = stand_in.PROGRAM[-1].replace(
        'raise ValueError("out of luck")', "os.kill(os.getpid(), 9)"
    )
    monkeypatch.setattr(stand_in, "PROGRAM", (sys.executable, "-c", program))
    search = make_search(
        space={"learning_rate": "0.001", "bottleneck_dim": "13,8"}, grid=True
    )
    stand_in.carry_on(search, 1, print)
    failed, good = TrialState.FAIL, TrialState.COMPLETE
    assert states(search) == [failed, good, failed]
    assert all(len(trained_by(search, number)) == 1 for number in range(3))


@pytest.mark.large
def test_ctrl_c_lets_the_trial_go_on_another_time(
    make_search, start_searcher, trained_by, wait_until
):
    search = make_search()
    (search.folder / "hold").touch()
    process = start_searcher(search, 2)
    wait_until(lambda: trained_by(search, 0))
    process.send_signal(signal.SIGINT)
    assert process.wait() != 0
    [[_, trial_process]] = trained_by(search, 0)
    # Whoever searched has waited for it.
    assert not is_alive(int(trial_process))
    assert search.claim(2)[0] == 0

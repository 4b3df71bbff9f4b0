"""Carries out the trials of a search, one after the other."""

import os
import pathlib
import shlex
import subprocess
import sys
from collections.abc import Callable

from optuna.trial import TrialState

from tf_adapters import storage
from tf_adapters.runs.flags import as_flags
from tf_adapters.tuning.ready_command import ready_command
from tf_adapters.tuning.search import Search

PROGRAM = (sys.executable, "-m", "tf_adapters.tuning.trial_process")
_STOPPED = 5
# So many in a row have something in common.
_FAILURES = 3


def carry_on(
    search: Search, num_trials: int, say: Callable[[str], None]
) -> None:
    """Carries out trials until there are enough, and writes the best command.

    Others may carry out trials of the same search at the same time.

    Args:
        search: the search.
        num_trials: as for `Search.claim`.
        say: function that prints a line.

    Raises:
        ValueError: if several trials in a row have failed.
        KeyboardInterrupt: once the trial can go on another time.
    """
    while (claimed := search.claim(num_trials)) is not None:
        number, lock = claimed
        try:
            flags = shlex.join(as_flags(search.values(number)))
            say(f"Trial {number}: {flags}")
            code = _run(search, number, lock)
            if code == _STOPPED:
                raise KeyboardInterrupt
            # While it is held: else another would take it for one that a
            # killed process has left.
            if code:
                if code < 0:
                    # By a signal, such as that of the OOM killer.
                    search.try_again(number)
                search.finish(number, TrialState.FAIL)
        finally:
            os.close(lock)
        say(f"  {_outcome(search, number)}")
        _check_failures(search, number)
        write_best(search)
    # The last trial may be of a process that was killed before it wrote this.
    write_best(search)


def write_best(search: Search) -> None:
    """Writes the command of the best settings so far, if it is a new one."""
    path = search.folder / "best.sh"
    with search.lock:
        command = ready_command(search)
        if command is None:
            return
        text = f"{command}\n".encode()
        if not path.exists() or path.read_bytes() != text:
            storage.write_whole(path, text)


def log_path(search: Search, number: int) -> pathlib.Path:
    """Returns the file that has what a trial has printed."""
    return search.trial_folder(number) / "output.txt"


def _run(search: Search, number: int, lock: int) -> int:
    """Trains a trial in a process of its own and returns its exit code."""
    with log_path(search, number).open("ab") as log:
        process = subprocess.Popen(
            [*PROGRAM, str(search.folder), str(number)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            # The trial is taken for as long as either of the two lives.
            pass_fds=[lock],
            # Ctrl-C is for this process, which closes the pipe.
            start_new_session=True,
        )
    try:
        return process.wait()
    finally:
        process.stdin.close()
        process.wait()


def _outcome(search: Search, number: int) -> str:
    trial, plan = search.trials[number], search.plan
    if trial.state == TrialState.COMPLETE:
        best = search.best()
        return (
            f"mean dev score {trial.value:.4f}; the best is {best.value:.4f}, "
            f"trial {best.number}"
        )
    if trial.state == TrialState.PRUNED:
        planned = plan.num_seeds * search.config.num_epochs
        over = len(trial.intermediate_values)
        return f"ended after {over} of {planned} epochs"
    return f"failed, see {log_path(search, number)}"


def _check_failures(search: Search, number: int) -> None:
    if search.is_second_try(number):
        # It says no more than the first.
        return
    ended = [trial for trial in search.trials if trial.state.is_finished()]
    last = ended[-_FAILURES:]
    failed = [trial for trial in last if trial.state == TrialState.FAIL]
    if len(failed) == _FAILURES:
        lines = log_path(search, number).read_text("utf-8", "replace")
        reason = (lines.strip().splitlines() or ["nothing"])[-1]
        raise ValueError(
            f"Trials must train. Received {_FAILURES} in a row that failed, "
            f"the last with: {reason} See {log_path(search, number)}."
        )

"""Searches whose trials are trained by a stand-in, which takes milliseconds."""

import subprocess
import sys
import time

import pytest

from tf_adapters.command_line.main import main
from tf_adapters.tuning.plan import Plan

# A trial notes which process has trained it for whom, waits as long as there
# is a file `hold`, and scores what it has been given. It stops no sooner than
# there is no file `slow`.
TRIAL = """
import os, sys, time, types
folder, number = sys.argv[1:]
# No command of ours imports TensorFlow before it needs it.
sys.argv[0] = "tf-adapters"
from optuna.trial import TrialState
from tf_adapters.tuning import trial_process

def train_trial(search, number, runs):
    values = search.values(number)
    names = f"by-{os.getppid()}-{os.getpid()}"
    (search.trial_folder(number) / names).touch()
    try:
        while (search.folder / "hold").exists():
            time.sleep(0.02)
    except trial_process.StopTraining:
        while (search.folder / "slow").exists():
            time.sleep(0.02)
        raise
    if values.get("bottleneck_dim") == 13:
        raise ValueError("out of luck")
    search.finish(number, TrialState.COMPLETE, values["learning_rate"])

trial_process.trial = types.SimpleNamespace(train_trial=train_trial)
sys.exit(trial_process.main([folder, number]))
"""

SEARCHER = """
import pathlib, sys
program, folder, num_trials = sys.argv[1:]
sys.argv[0] = "tf-adapters"
from tf_adapters.tuning import loop
from tf_adapters.tuning.search import Search
loop.PROGRAM = (sys.executable, "-c", program)
loop.carry_on(Search(pathlib.Path(folder)), int(num_trials), print)
"""


@pytest.fixture
def make_plan():
    """Makes the plan of a search."""

    def make_plan(**changed):
        plan = {
            "recipe": "houlsby",
            "settings": {"num_epochs": 2, "seed": 4},
            "space": {
                "learning_rate": "0.0001:0.01",
                "bottleneck_dim": "8,64",
            },
            "num_seeds": 1,
            "prune_after": 5,
            "grid": False,
        }
        return Plan(**plan | changed)

    return make_plan


@pytest.fixture
def make_search(make_plan, tmp_path):
    """Begins a search."""
    search = pytest.importorskip("tf_adapters.tuning.search")

    def make_search(**changed):
        return search.Search(tmp_path / "search", make_plan(**changed))

    return make_search


@pytest.fixture
def stand_in(monkeypatch):
    """Lets the stand-in train what this process searches."""
    loop = pytest.importorskip("tf_adapters.tuning.loop")
    monkeypatch.setattr(loop, "PROGRAM", (sys.executable, "-c", TRIAL))
    return loop


@pytest.fixture
def start_searcher():
    """Starts a process that goes on with a search, by the stand-in."""
    started = []

    def start_searcher(search, num_trials):
        argv = [TRIAL, str(search.folder), str(num_trials)]
        process = subprocess.Popen([sys.executable, "-c", SEARCHER, *argv])
        started.append(process)
        return process

    yield start_searcher
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def trained_by():
    """Returns who has trained a trial: pairs of searcher and trial process."""

    def trained_by(search, number):
        folder = search.trial_folder(number)
        return [path.name.split("-")[1:] for path in folder.glob("by-*")]

    return trained_by


@pytest.fixture
def wait_until():
    """Waits until something is so."""

    def wait_until(is_so):
        end = time.monotonic() + 120
        while not is_so():
            assert time.monotonic() < end, "it has never been so"
            time.sleep(0.05)

    return wait_until


@pytest.fixture
def tune(capsys):
    """Runs `tf-adapters tune` and returns what it prints."""

    def tune(*arguments, code=0):
        assert main(["tune", *map(str, arguments)]) == code
        return capsys.readouterr()

    return tune

"""I8: two processes have the losses and the weights of one device."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.processes import ROOT
from tests.training import worker

# A program of a user's, which may or may not find others.
ALONE = """
import json
import tensorflow as tf
from tests.training import worker
strategy = tf.distribute.MultiWorkerMirroredStrategy()
print(json.dumps(worker.train(worker.METHODS["houlsby"](), strategy)))
"""
# Who `launch` says this is becomes the task of a SLURM step on one node.
IN_SLURM = """
import json, os, runpy, sys
index = json.loads(os.environ.pop("TF_CONFIG"))["task"]["index"]
sys.argv.pop(0)
os.environ |= {
    "SLURM_JOB_ID": sys.argv.pop(),
    "SLURM_STEP_NUM_TASKS": "2",
    "SLURM_STEP_NODELIST": "localhost",
    "SLURM_STEP_TASKS_PER_NODE": "2",
    "SLURM_PROCID": str(index),
    "SLURM_LOCALID": str(index),
    "SLURMD_NODENAME": "localhost",
}
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def assert_as_on_one_device(printed):
    """Compares what each of the workers has printed, a method a line."""
    answers = [[json.loads(line) for line in lines] for lines in printed]
    for number, (name, make) in enumerate(worker.METHODS.items()):
        history, weights = worker.train(make(), tf.distribute.get_strategy())
        for own_history, own_weights in (each[number] for each in answers):
            assert set(own_history) == set(history), name
            for key, losses in history.items():
                np.testing.assert_allclose(own_history[key], losses, atol=1e-5)
            assert len(own_weights) == len(weights)
            for value, expected in zip(own_weights, weights, strict=True):
                np.testing.assert_allclose(value, expected, atol=1e-5)


@pytest.mark.large
def test_two_workers_train_every_paper_as_one_device_does(run_workers):
    code, printed, errors = run_workers(worker.__file__)
    assert code == 0, errors
    assert_as_on_one_device(printed)


@pytest.mark.large
def test_two_tasks_of_slurm_train_as_one_device_does(run_workers, monkeypatch):
    # Another whenever tests run, so that they have other ports.
    job = str(os.getpid())
    monkeypatch.setattr(worker, "METHODS", {"pals": worker.METHODS["pals"]})
    arguments = (worker.__file__, "pals", job)
    code, printed, errors = run_workers("-c", IN_SLURM, *arguments)
    assert code == 0, errors
    assert_as_on_one_device(printed)


@pytest.mark.large
def test_one_worker_alone_trains_as_one_device_does():
    """What a program does that runs on one machine today."""
    done = subprocess.run(
        [sys.executable, "-c", ALONE],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    own_history, own_weights = json.loads(done.stdout.splitlines()[-1])
    make = worker.METHODS["houlsby"]
    history, weights = worker.train(make(), tf.distribute.get_strategy())
    for key, losses in history.items():
        np.testing.assert_allclose(own_history[key], losses, atol=1e-5)
    for value, expected in zip(own_weights, weights, strict=True):
        np.testing.assert_allclose(value, expected, atol=1e-5)


@pytest.mark.large
def test_keras_alone_still_fails(run_workers):
    """If not, `model/keras_overrides.py` is not needed any more."""
    code, _, errors = run_workers(worker.__file__, "stock")
    assert code != 0
    assert "unsupported type" in errors

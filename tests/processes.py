"""Processes that compute together."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent
LAUNCH = [sys.executable, "-m", "tf_adapters", "launch", "--workers", "2"]


@pytest.fixture
def run_workers():
    """Launches two workers of one Python program and waits for both.

    Returns the exit code, what each of them printed, and all errors. `grace`
    is how many seconds a worker has to end once the other has failed.
    """

    def run_workers(*command, grace=30):
        done = subprocess.run(
            [*LAUNCH, "--grace", str(grace), "--", sys.executable, *command],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
        )
        lines = done.stdout.splitlines()
        printed = [
            [line[4:] for line in lines if line.startswith(f"[{index}] ")]
            for index in range(2)
        ]
        return done.returncode, printed, done.stderr

    return run_workers

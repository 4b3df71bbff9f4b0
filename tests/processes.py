"""Processes that compute together."""

import json
import os
import socket
import subprocess
import sys

import pytest


def _free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("localhost", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@pytest.fixture
def run_workers(tmp_path):
    """Starts two workers of one program and waits for both.

    Returns their exit codes, what they printed, and their errors. They write
    to files: a pipe that is full would hold one up, and with it the other.
    """

    def run_workers(command, **kwargs):
        hosts = [f"localhost:{port}" for port in _free_ports(2)]
        started = []
        for index in range(2):
            task = {"type": "worker", "index": index}
            config = {"cluster": {"worker": hosts}, "task": task}
            out, err = (tmp_path / f"{k}{index}" for k in ("out", "err"))
            with out.open("w") as stdout, err.open("w") as stderr:
                process = subprocess.Popen(
                    [sys.executable, *command],
                    env={**os.environ, "TF_CONFIG": json.dumps(config)},
                    stdout=stdout,
                    stderr=stderr,
                    **kwargs,
                )
            started.append((process, out, err))
        codes = [process.wait(timeout=300) for process, _, _ in started]
        printed = [out.read_text() for _, out, _ in started]
        return codes, printed, [err.read_text() for _, _, err in started]

    return run_workers

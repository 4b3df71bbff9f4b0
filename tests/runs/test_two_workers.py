"""I8: two processes train as one device does, and one of them writes."""

import json
import os
import pathlib
import socket
import subprocess
import sys

import numpy as np
import pytest
import safetensors.numpy

import train
from tests.runs.test_train_script import ROWS
from tests.runs.test_train_script import TASK_FILE
from tests.runs.test_train_script import metrics_of

ROOT = pathlib.Path(train.__file__).parent


@pytest.fixture
def arguments(tmp_path, make_backbone, tokenizer):
    """Those of a run without dropout, which two replicas draw for themselves.

    The rows of the dev sets, 39, do not divide by the workers.
    """
    preset = tmp_path / "tiny"
    make_backbone(dropout=0.0).save_to_preset(str(preset))
    tokenizer.save_to_preset(str(preset))
    (tmp_path / "rte.tsv").write_text("\n".join([*ROWS[:-1], ""]))
    (tmp_path / "tasks.yaml").write_text(TASK_FILE)

    def arguments(recipe, output):
        flags = {
            "preset": preset,
            "task_file": tmp_path / "tasks.yaml",
            "output_dir": tmp_path / output,
            "sequence_length": 16,
            "batch_size": 8,
            "num_epochs": 2,
            "head_dropout": 0.0,
            "learning_rate": 1e-3,
        }
        pairs = [(f"--{key}", str(value)) for key, value in flags.items()]
        return [recipe, *(part for pair in pairs for part in pair)]

    return arguments


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("localhost", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def start_workers(argv):
    hosts = [f"localhost:{port}" for port in free_ports(2)]
    for index in range(2):
        task = {"type": "worker", "index": index}
        config = {"cluster": {"worker": hosts}, "task": task}
        yield subprocess.Popen(
            [sys.executable, "train.py", *argv],
            cwd=ROOT,
            env={**os.environ, "TF_CONFIG": json.dumps(config)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def weights_of(folder):
    return {
        f"{path.parent.name}.{name}": array
        for path in folder.glob("bundles/*/*.safetensors")
        for name, array in safetensors.numpy.load_file(path).items()
    }


@pytest.mark.large
@pytest.mark.parametrize("recipe", ["houlsby"])
def test_two_workers_train_as_one_device(arguments, tmp_path, recipe):
    workers = list(start_workers(arguments(recipe, "two")))
    outputs = [worker.communicate(timeout=300)[0] for worker in workers]
    for worker, output in zip(workers, outputs, strict=True):
        assert worker.returncode == 0, output
    assert "Strategy multi_worker: TF_CONFIG lists 2 workers" in outputs[0]
    assert "Epoch" not in outputs[1]

    assert train.main(arguments(recipe, "one")) == 0
    one, two = metrics_of(tmp_path / "one"), metrics_of(tmp_path / "two")
    for epoch, other in zip(one["history"], two["history"], strict=True):
        assert set(epoch) == set(other)
        for key, value in epoch.items():
            assert other[key] == pytest.approx(value, abs=1e-5), key
    for task, scores in one["dev"].items():
        assert two["dev"][task] == pytest.approx(scores, abs=1e-5)
    expected = weights_of(tmp_path / "one")
    found = weights_of(tmp_path / "two")
    assert set(found) == set(expected)
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, atol=1e-5)
    names = {path.name for path in (tmp_path / "one").iterdir()}
    assert {path.name for path in (tmp_path / "two").iterdir()} == names

"""I8 and I11: two processes train as one device does, whatever ends them."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import safetensors.numpy

import train
from tests.processes import ROOT
from tests.runs.test_train_script import ROWS
from tests.runs.test_train_script import TASK_FILE
from tests.runs.test_train_script import metrics_of
from tf_adapters.training.cluster import local_tf_configs
from tf_adapters.training.strategy import LOST_WORKER


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

    def arguments(output, num_epochs=2):
        flags = {
            "preset": preset,
            "task_file": tmp_path / "tasks.yaml",
            "output_dir": tmp_path / output,
            "sequence_length": 16,
            "batch_size": 8,
            "num_epochs": num_epochs,
            "head_dropout": 0.0,
            "learning_rate": 1e-3,
        }
        pairs = [(f"--{key}", str(value)) for key, value in flags.items()]
        return ["houlsby", *(part for pair in pairs for part in pair)]

    return arguments


def weights_of(folder):
    return {
        f"{path.parent.name}.{name}": array
        for path in folder.glob("bundles/*/*.safetensors")
        for name, array in safetensors.numpy.load_file(path).items()
    }


def assert_same_weights(folder, other):
    found, expected = weights_of(folder), weights_of(other)
    assert set(found) == set(expected)
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, atol=1e-5)


@pytest.mark.large
def test_two_workers_train_as_one_device(arguments, run_workers, tmp_path):
    # Each computes half of a batch, in two parts, its layers twice.
    memory = ["--accumulate_steps", "2", "--recompute"]
    code, printed, errors = run_workers("train.py", *arguments("two"), *memory)
    assert code == 0, errors
    assert "Strategy multi_worker: TF_CONFIG lists 2 workers" in printed[0]
    # The first speaks for both.
    assert printed[1] == []

    assert train.main(arguments("one")) == 0
    one, two = metrics_of(tmp_path / "one"), metrics_of(tmp_path / "two")
    for epoch, other in zip(one["history"], two["history"], strict=True):
        assert set(epoch) == set(other)
        for key, value in epoch.items():
            assert other[key] == pytest.approx(value, abs=1e-5), key
    for task, scores in one["dev"].items():
        assert two["dev"][task] == pytest.approx(scores, abs=1e-5)
    assert_same_weights(tmp_path / "two", tmp_path / "one")
    names = {path.name for path in (tmp_path / "one").iterdir()}
    assert {path.name for path in (tmp_path / "two").iterdir()} == names


@pytest.fixture
def start(tmp_path):
    """Starts workers that nobody stops together, each with its arguments."""
    started = []

    def start(*commands):
        group = []
        configs = local_tf_configs(len(commands))
        for command, config in zip(commands, configs, strict=True):
            errors = tmp_path / f"errors{len(started)}"
            with errors.open("w") as file:
                process = subprocess.Popen(
                    [sys.executable, "train.py", *command],
                    cwd=ROOT,
                    env={**os.environ, "TF_CONFIG": config},
                    stdout=file,
                    stderr=file,
                )
            group.append((process, errors))
        started.extend(group)
        return group

    yield start
    for process, _ in started:
        process.kill()


def wait_for_step(folder, step, group):
    """Waits for a checkpoint of that step, or a later one."""
    while not any(
        int(path.name.removeprefix("step-")) >= step
        for path in (folder / "checkpoints").glob("step-*")
    ):
        for process, errors in group:
            assert process.poll() is None, errors.read_text()
        time.sleep(0.05)


@pytest.mark.large
def test_workers_go_on_after_whatever_ends_them(arguments, start, tmp_path):
    """I11. One is stopped, lives elsewhere, is told otherwise, is killed."""
    folder = tmp_path / "two"
    argv = [*arguments("two", num_epochs=12), "--checkpoint_steps", "1"]
    rest = ["--no-export", "--no-predict"]

    group = start([*argv, *rest], [*argv, *rest])
    wait_for_step(folder, 2, group)
    # Both stop after one step, though one alone was told to.
    group[1][0].send_signal(signal.SIGTERM)
    for process, errors in group:
        assert process.wait(timeout=60) == 5, errors.read_text()
    states = sorted((folder / "checkpoints").glob("step-*"))
    stopped_at = int(states[-1].name.removeprefix("step-"))
    assert 2 <= stopped_at < 120

    elsewhere = [*argv, *rest, "--output_dir", str(tmp_path / "elsewhere")]
    group = start([*argv, *rest], elsewhere)
    for process, errors in group:
        assert process.wait(timeout=120) == 2
        assert "go on from the same checkpoint" in errors.read_text()

    group = start([*argv, *rest], [*argv, *rest, "--seed", "1"])
    for process, errors in group:
        assert process.wait(timeout=120) == 2
        assert "must be given the same command" in errors.read_text()

    group = start([*argv, *rest], [*argv, *rest])
    wait_for_step(folder, stopped_at + 2, group)
    group[1][0].kill()
    (survivor, errors), _ = group
    assert survivor.wait(timeout=60) == LOST_WORKER
    assert "A worker that trains with this one has ended" in errors.read_text()

    group = start([*argv, *rest], [*argv, *rest])
    for process, errors in group:
        assert process.wait(timeout=200) == 0, errors.read_text()
    assert f"Going on from step {stopped_at}" not in group[0][1].read_text()
    assert "Going on from step" in group[0][1].read_text()

    assert train.main([*arguments("one", num_epochs=12), *rest]) == 0
    assert_same_weights(folder, tmp_path / "one")


@pytest.mark.large
def test_workers_end_together_at_ctrl_c(arguments, start, tmp_path):
    """And keep what was trained, though one alone was interrupted."""
    argv = [*arguments("two", num_epochs=40), "--checkpoint_steps", "1"]
    argv += ["--no-export", "--no-predict"]
    group = start(argv, argv)
    wait_for_step(tmp_path / "two", 12, group)
    group[1][0].send_signal(signal.SIGINT)
    for process, errors in group:
        assert process.wait(timeout=120) == 130, errors.read_text()
    names = {path.name for path in (tmp_path / "two" / "bundles").iterdir()}
    assert names == {"rte", "score"}

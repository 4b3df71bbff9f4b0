import json
import os
import subprocess
import sys
from unittest import mock

import pytest
import tensorflow as tf

from tf_adapters.training.strategy import check_batch_size
from tf_adapters.training.strategy import chosen_strategy
from tf_adapters.training.strategy import is_chief
from tf_adapters.training.strategy import make_strategy


@pytest.fixture(autouse=True)
def nothing_around(monkeypatch):
    """The environment of a machine of its own."""
    for variable in list(os.environ):
        if variable.startswith(("TF_CONFIG", "SLURM", "TPU_")):
            monkeypatch.delenv(variable)


def test_one_device_is_the_default_strategy():
    assert make_strategy("one_device").num_replicas_in_sync == 1
    assert make_strategy("one_device") is tf.distribute.get_strategy()


@pytest.mark.large
def test_mirrored_takes_every_device():
    devices = tf.config.list_logical_devices("GPU")
    devices = devices or tf.config.list_logical_devices("CPU")
    replicas = make_strategy("mirrored").num_replicas_in_sync
    assert replicas == len(devices) > 1


def test_an_unknown_strategy_is_refused():
    message = "mirrored, multi_worker, tpu. Received: strategy='parameters'"
    with pytest.raises(ValueError, match=message):
        make_strategy("parameters")


def cluster(monkeypatch, task="worker", index=0, **processes):
    config = {"cluster": processes, "task": {"type": task, "index": index}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))


WORKERS = ["a:1", "b:1"]


def test_without_a_cluster_one_device_is_chosen():
    assert chosen_strategy()[0] == "one_device"
    assert is_chief("auto") and is_chief("one_device")


def test_workers_are_chosen_where_there_are_several(monkeypatch):
    cluster(monkeypatch, index=1, worker=WORKERS)
    assert chosen_strategy() == ("multi_worker", "TF_CONFIG lists 2 workers")
    assert not is_chief("auto") and not is_chief("multi_worker")
    # It computes for itself alone.
    assert is_chief("one_device") and is_chief("mirrored")


def test_the_first_may_be_called_chief(monkeypatch):
    cluster(monkeypatch, "chief", 0, chief=["a:1"], worker=["b:1"])
    assert chosen_strategy()[0] == "multi_worker"
    assert is_chief("auto")
    cluster(monkeypatch, "worker", 0, chief=["a:1"], worker=["b:1"])
    assert not is_chief("auto")


def test_one_worker_is_one_device(monkeypatch):
    cluster(monkeypatch, worker=["a:1"])
    assert chosen_strategy()[0] == "one_device"
    with pytest.raises(ValueError, match="at least two workers"):
        make_strategy("multi_worker")


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"cluster": {"worker": ["a:1", "b:1"]}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker"}}',
        '{"cluster": {"ps": ["a:1"], "worker": ["b:1"]},'
        ' "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"worker": ["a:1"]},'
        ' "task": {"type": "evaluator", "index": 0}}',
    ],
)
def test_a_cluster_that_is_not_understood_is_refused(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    for call in (chosen_strategy, lambda: is_chief("auto")):
        with pytest.raises(ValueError, match="TF_CONFIG must be JSON that"):
            call()


def test_the_tasks_of_a_slurm_step_are_workers(monkeypatch):
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "3")
    monkeypatch.setenv("SLURM_PROCID", "0")
    reason = "SLURM runs 3 tasks in this step"
    assert chosen_strategy() == ("multi_worker", reason)
    assert is_chief("auto") and is_chief("multi_worker")
    monkeypatch.setenv("SLURM_PROCID", "2")
    assert not is_chief("auto") and not is_chief("multi_worker")
    assert is_chief("one_device")


@pytest.mark.parametrize("variable", ["TPU_NAME", "TPU_ACCELERATOR_TYPE"])
def test_a_tpu_is_chosen_where_there_is_one(monkeypatch, variable):
    monkeypatch.setenv(variable, "v5e-8")
    assert chosen_strategy() == ("tpu", f"{variable} is v5e-8")
    assert is_chief("auto") and is_chief("tpu")
    # Images of notebooks set such variables to nothing where there is none.
    monkeypatch.setenv(variable, "")
    assert chosen_strategy()[0] == "one_device"


def test_workers_come_before_a_tpu(monkeypatch):
    monkeypatch.setenv("TPU_NAME", "local")
    cluster(monkeypatch, worker=WORKERS)
    assert chosen_strategy()[0] == "multi_worker"


@pytest.fixture
def tpu(monkeypatch):
    """Stands for what TensorFlow has for TPUs, and keeps the calls."""
    tpu = mock.Mock()
    replaced = {
        "tf.distribute.cluster_resolver.TPUClusterResolver": tpu.find,
        "tf.config.experimental_connect_to_cluster": tpu.connect,
        "tf.tpu.experimental.initialize_tpu_system": tpu.initialize,
        "tf.distribute.TPUStrategy": tpu.strategy,
    }
    for name, call in replaced.items():
        monkeypatch.setattr(name.replace("tf.", "tensorflow.", 1), call)
    return tpu


def test_a_tpu_of_this_machine_is_initialized(tpu):
    assert make_strategy("tpu") is tpu.strategy.return_value
    found = tpu.find.return_value
    assert tpu.mock_calls == [
        mock.call.find(tpu="local"),
        mock.call.initialize(found),
        mock.call.strategy(found),
    ]


def test_a_tpu_elsewhere_is_connected_first(monkeypatch, tpu):
    monkeypatch.setenv("TPU_NAME", "pod")
    assert make_strategy("auto") is tpu.strategy.return_value
    found = tpu.find.return_value
    assert tpu.mock_calls == [
        mock.call.find(tpu="pod"),
        mock.call.connect(found),
        mock.call.initialize(found),
        mock.call.strategy(found),
    ]


def test_a_tpu_that_is_not_found_is_refused(monkeypatch, tpu):
    monkeypatch.setenv("TPU_NAME", "pod")
    tpu.find.side_effect = RuntimeError("no such TPU.\nA second line")
    message = "TPU_NAME='pod', for which TensorFlow says: no such TPU. Set"
    with pytest.raises(ValueError, match=message):
        make_strategy("tpu")


WITHOUT_TPU = """
from tf_adapters.training.strategy import make_strategy
try:
    make_strategy("tpu")
except ValueError as error:
    print(error)
"""


@pytest.mark.large
def test_a_machine_without_a_tpu_says_so():
    """In a process of its own: TensorFlow lets go of all it has cached."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TPU], capture_output=True, text=True
    )
    assert done.stdout.startswith("strategy='tpu' needs a TPU"), done.stderr
    assert "TPU_NAME=None" in done.stdout
    assert "TPUs not found" in done.stdout
    assert "say one_device" in done.stdout


@pytest.mark.large
def test_a_batch_must_divide_by_the_replicas(two_cpus):
    check_batch_size(6, two_cpus)
    with pytest.raises(ValueError, match="batch_size=7 for 2 replicas.*say, 6"):
        check_batch_size(7, two_cpus)
    check_batch_size(8, two_cpus, 4)
    with pytest.raises(ValueError, match="accumulate_steps=4. Write, say, 8"):
        check_batch_size(12, two_cpus, 4)

import json

import pytest
import tensorflow as tf

from tf_adapters.training.strategy import check_batch_size
from tf_adapters.training.strategy import chosen_strategy
from tf_adapters.training.strategy import is_chief
from tf_adapters.training.strategy import make_strategy


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
    message = "one_device, mirrored, multi_worker. Received: strategy='tpu'"
    with pytest.raises(ValueError, match=message):
        make_strategy("tpu")


def cluster(monkeypatch, task="worker", index=0, **processes):
    config = {"cluster": processes, "task": {"type": task, "index": index}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))


WORKERS = ["a:1", "b:1"]


def test_without_a_cluster_one_device_is_chosen(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
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


@pytest.mark.large
def test_a_batch_must_divide_by_the_replicas(two_cpus):
    check_batch_size(6, two_cpus)
    with pytest.raises(ValueError, match="batch_size=7 for 2 replicas.*say, 6"):
        check_batch_size(7, two_cpus)
    check_batch_size(8, two_cpus, 4)
    with pytest.raises(ValueError, match="accumulate_steps=4. Write, say, 8"):
        check_batch_size(12, two_cpus, 4)

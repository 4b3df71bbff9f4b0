"""Which devices a run trains on."""

from __future__ import annotations

import json
import os

from etils import epy

with epy.lazy_imports():
    import tensorflow as tf

STRATEGIES = ("auto", "one_device", "mirrored", "multi_worker")
_CLUSTER = "TF_CONFIG"


def make_strategy(name: str) -> tf.distribute.Strategy:
    """Returns the `tf.distribute` strategy called `name`.

    Args:
        name: `"auto"` for what `chosen_strategy` says; `"one_device"`;
            `"mirrored"` for a replica on every GPU of this machine, without a
            GPU on every logical CPU, of which there is one unless the program
            asked for more; `"multi_worker"` for one of the processes that
            `TF_CONFIG` lists, each with its own GPUs. Call it before anything
            is computed then.

    Returns:
        A strategy. Build the model inside its `scope()`.

    Raises:
        ValueError: if the name is not known, or there is no `TF_CONFIG` that
            lists several workers.
    """
    if name == "auto":
        name = chosen_strategy()[0]
    if name == "one_device":
        return tf.distribute.get_strategy()
    if name == "mirrored":
        devices = tf.config.list_logical_devices("GPU")
        devices = devices or tf.config.list_logical_devices("CPU")
        return tf.distribute.MirroredStrategy([d.name for d in devices])
    if name == "multi_worker":
        _check_cluster()
        return tf.distribute.MultiWorkerMirroredStrategy()
    raise ValueError(
        f"`strategy` must be one of {', '.join(STRATEGIES)}. Received: "
        f"strategy={name!r}."
    )


def chosen_strategy() -> tuple[str, str]:
    """Returns the strategy that this machine asks for, and why."""
    workers = len(_workers())
    if workers > 1:
        return "multi_worker", f"{_CLUSTER} lists {workers} workers"
    gpus = len(tf.config.list_physical_devices("GPU"))
    if gpus > 1:
        return "mirrored", f"there are {gpus} GPUs"
    return "one_device", "there is one device, and no TF_CONFIG of workers"


def worker_index() -> int:
    """Returns which of several workers this process is; 0 is the chief."""
    if len(_workers()) < 2:
        return 0
    return int(json.loads(os.environ[_CLUSTER])["task"]["index"])


def _workers() -> list[str]:
    try:
        cluster = json.loads(os.environ.get(_CLUSTER) or "{}")
        return list(cluster.get("cluster", {}).get("worker", []))
    except (ValueError, AttributeError) as error:
        raise ValueError(
            f"The environment variable {_CLUSTER} must be JSON. Received: "
            f"{os.environ[_CLUSTER]!r}. Correct it, or leave it out."
        ) from error


def _check_cluster() -> None:
    if len(_workers()) < 2:
        raise ValueError(
            "strategy='multi_worker' needs the environment variable "
            f"{_CLUSTER}, which lists at least two workers. Received: "
            f"{_CLUSTER}={os.environ.get(_CLUSTER)!r}. Set for each process, "
            'say, {"cluster": {"worker": ["host1:2222", "host2:2222"]}, '
            '"task": {"type": "worker", "index": 0}}.'
        )

"""Which devices a run trains on."""

from __future__ import annotations

import json
import os

from etils import epy

with epy.lazy_imports():
    import tensorflow as tf

STRATEGIES = ("auto", "one_device", "mirrored", "multi_worker")
# The exit code of a process that others have left alone.
LOST_WORKER = 6
_CLUSTER = "TF_CONFIG"
_EXAMPLE = (
    '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, '
    '"task": {"type": "worker", "index": 0}}'
)


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
    workers, _ = _cluster()
    if len(workers) > 1:
        return "multi_worker", f"{_CLUSTER} lists {len(workers)} workers"
    gpus = len(tf.config.list_physical_devices("GPU"))
    if gpus > 1:
        return "mirrored", f"there are {gpus} GPUs"
    return "one_device", "there is one device, and no TF_CONFIG of workers"


def is_chief(name: str) -> bool:
    """Whether this process writes for all that train together.

    Args:
        name: str. The strategy of the run.

    Raises:
        ValueError: if `TF_CONFIG` is not understood.
    """
    return name not in ("auto", "multi_worker") or _cluster()[1] == 0


def check_batch_size(
    batch_size: int,
    strategy: tf.distribute.Strategy,
    accumulate_steps: int = 1,
) -> None:
    """Refuses batches of which replicas would get unequal shares.

    Args:
        batch_size: int. Examples of a batch, over all replicas.
        strategy: of the training.
        accumulate_steps: int. Parts of the share of a replica. Defaults to 1.

    Raises:
        ValueError: if the batch size does not divide by their number.
    """
    replicas = strategy.num_replicas_in_sync
    parts = replicas * accumulate_steps
    if batch_size % parts:
        close = batch_size - batch_size % parts or parts
        raise ValueError(
            "`batch_size` is that of all replicas together and must divide by "
            "their number, times `accumulate_steps`. Received: batch_size="
            f"{batch_size} for {replicas} replicas, accumulate_steps="
            f"{accumulate_steps}. Write, say, {close}."
        )


def _cluster() -> tuple[list[str], int]:
    """Returns the processes that `TF_CONFIG` lists, and which this one is."""
    text = os.environ.get(_CLUSTER) or "{}"
    try:
        config = json.loads(text)
        cluster = config.get("cluster", {})
        chief, workers = cluster.get("chief", []), cluster.get("worker", [])
        if not cluster:
            return [], 0
        task, index = config["task"]["type"], int(config["task"]["index"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(_not_understood(text)) from error
    if task not in ("chief", "worker") or set(cluster) - {"chief", "worker"}:
        raise ValueError(_not_understood(text))
    return [*chief, *workers], index + len(chief) * (task == "worker")


def _not_understood(text: str) -> str:
    return (
        f"The environment variable {_CLUSTER} must be JSON that lists workers, "
        "the first of which may be called chief, and says which of them this "
        f"is. Received: {text!r}. Write, say, {_EXAMPLE}, or leave it out."
    )


def _check_cluster() -> None:
    if len(_cluster()[0]) < 2:
        raise ValueError(
            "strategy='multi_worker' needs the environment variable "
            f"{_CLUSTER}, which lists at least two workers. Received: "
            f"{_CLUSTER}={os.environ.get(_CLUSTER)!r}. Set for each process, "
            f"say, {_EXAMPLE}."
        )

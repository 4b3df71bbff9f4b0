"""Which of the processes that train together this one is.

Who writes is asked before TensorFlow is imported. Only the addresses of the
tasks of SLURM, which its resolver reads, need it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import socket

from etils import epy

with epy.lazy_imports():
    import tensorflow as tf

TF_CONFIG, SLURM = "TF_CONFIG", "SLURM"
_EXAMPLE = (
    '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, '
    '"task": {"type": "worker", "index": 0}}'
)
# Below the ports that Linux gives away by itself. A job has as many as tasks
# may run on one node before they reach into those of the next job.
_FIRST_PORT, _LAST_PORT, _PORTS_OF_JOB = 20_000, 32_000, 16


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The processes that train together.

    Attributes:
        source: str. What says so: `TF_CONFIG`, `SLURM`, or nothing.
        num_workers: int. How many they are; 0 if nothing says it.
        index: int. Which of them this is. The first writes for all.
    """

    source: str = ""
    num_workers: int = 0
    index: int = 0


def find_cluster() -> Cluster:
    """Returns what the environment says about this process among others.

    `TF_CONFIG` comes before SLURM. Under SLURM the tasks of a step of `srun`
    are workers, if there are several. A batch script has no step, whatever
    number of tasks its job has.

    Raises:
        ValueError: if what it says is not understood.
    """
    cluster = _tf_config()
    if cluster.source or _number("SLURM_STEP_NUM_TASKS", "1") < 2:
        return cluster
    return Cluster(
        SLURM, _number("SLURM_STEP_NUM_TASKS"), _number("SLURM_PROCID")
    )


def check_several(cluster: Cluster) -> None:
    """Refuses to train together with nobody.

    Raises:
        ValueError: if there are not at least two workers.
    """
    if cluster.num_workers < 2:
        raise ValueError(
            "strategy='multi_worker' needs at least two workers: those that "
            f"the environment variable {TF_CONFIG} lists, or the tasks of a "
            f"step of SLURM. Received: {TF_CONFIG}="
            f"{os.environ.get(TF_CONFIG)!r}, SLURM_STEP_NUM_TASKS="
            f"{os.environ.get('SLURM_STEP_NUM_TASKS')!r}. Start the command "
            "with `tf-adapters launch --workers 2 --`, with `srun --ntasks 2`, "
            f"or set for each process, say, {_EXAMPLE}."
        )


def local_tf_configs(num_workers: int) -> list[str]:
    """Returns a `TF_CONFIG` for each of some workers on this machine."""
    with contextlib.ExitStack() as stack:
        sockets = [
            stack.enter_context(socket.socket()) for _ in range(num_workers)
        ]
        # All at once, so that each gets another port.
        for each in sockets:
            each.bind(("localhost", 0))
        workers = [f"localhost:{each.getsockname()[1]}" for each in sockets]
    cluster = {"worker": workers}
    tasks = [{"type": "worker", "index": i} for i in range(num_workers)]
    return [json.dumps({"cluster": cluster, "task": task}) for task in tasks]


def slurm_resolver() -> tf.distribute.cluster_resolver.ClusterResolver:
    """Returns the addresses of the tasks of this SLURM step, and which is ours.

    TensorFlow's own resolver lists the addresses. The rest of what it says is
    left alone: it looks for this process by its rank in a list that is sorted
    by name (`n10` before `n9`), and cannot be without a GPU. Each task must
    see its own GPUs only, as with `--gpus-per-task`.

    Raises:
        ValueError: if the variables of the step are not understood.
    """
    num_tasks = _number("SLURM_STEP_NUM_TASKS")
    resolvers = tf.distribute.cluster_resolver
    try:
        spec = resolvers.SlurmClusterResolver(
            port_base=_first_port(),
            # One for each, so that it neither asks nvidia-smi nor divides.
            gpus_per_node=num_tasks,
            gpus_per_task=1,
            auto_set_gpu=False,
        ).cluster_spec()
        addresses = spec.job_tasks("worker")
        port = _first_port() + _number("SLURM_LOCALID")
        own = f"{os.environ.get('SLURMD_NODENAME')}:{port}"
        if own not in addresses:
            raise ValueError(f"{own} is none of {', '.join(addresses)}")
    except (RuntimeError, ValueError) as error:
        reason = str(error).rstrip(".")
        raise ValueError(
            "SLURM must say which nodes have the tasks of this step, and which "
            f"of them this is. Received: {_slurm_variables()}, which gives: "
            f"{reason}. Start the tasks with `srun`, or set {TF_CONFIG}."
        ) from error
    return resolvers.SimpleClusterResolver(
        spec,
        task_type="worker",
        task_id=addresses.index(own),
        # To count the logical ones would start TensorFlow.
        num_accelerators={"GPU": len(tf.config.list_physical_devices("GPU"))},
        rpc_layer="grpc",
    )


def _first_port() -> int:
    """Returns the port of the first task on a node.

    Jobs that follow one another, and steps of one job, may share a node.
    """
    number = _number("SLURM_JOB_ID", "0") + 101 * _number("SLURM_STEP_ID", "0")
    jobs = (_LAST_PORT - _FIRST_PORT) // _PORTS_OF_JOB
    return _FIRST_PORT + _PORTS_OF_JOB * (number % jobs)


def _number(variable: str, default: str = "") -> int:
    text = os.environ.get(variable) or default
    if not text.isdecimal():
        raise ValueError(
            f"`{variable}` must be a number in a step of SLURM. Received: "
            f"{variable}={text!r}. Start the tasks with `srun`, or set "
            f"{TF_CONFIG}."
        )
    return int(text)


def _slurm_variables() -> str:
    found = {k: v for k, v in os.environ.items() if k.startswith("SLURM_STEP")}
    for name in ("SLURM_PROCID", "SLURM_LOCALID", "SLURMD_NODENAME"):
        found[name] = os.environ.get(name)
    return ", ".join(f"{k}={v!r}" for k, v in found.items())


def _tf_config() -> Cluster:
    text = os.environ.get(TF_CONFIG) or "{}"
    try:
        config = json.loads(text)
        cluster = config.get("cluster", {})
        chief, workers = cluster.get("chief", []), cluster.get("worker", [])
        if not cluster:
            return Cluster()
        task, index = config["task"]["type"], int(config["task"]["index"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(_not_understood(text)) from error
    if task not in ("chief", "worker") or set(cluster) - {"chief", "worker"}:
        raise ValueError(_not_understood(text))
    index += len(chief) * (task == "worker")
    return Cluster(TF_CONFIG, len([*chief, *workers]), index)


def _not_understood(text: str) -> str:
    return (
        f"The environment variable {TF_CONFIG} must be JSON that lists "
        "workers, the first of which may be called chief, and says which of "
        f"them this is. Received: {text!r}. Write, say, {_EXAMPLE}, or leave "
        "it out."
    )

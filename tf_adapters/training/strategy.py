"""Which devices a run trains on."""

from __future__ import annotations

import os

from etils import epy

from tf_adapters.training.cluster import SLURM
from tf_adapters.training.cluster import check_several
from tf_adapters.training.cluster import find_cluster
from tf_adapters.training.cluster import slurm_resolver

with epy.lazy_imports():
    import tensorflow as tf

STRATEGIES = ("auto", "one_device", "mirrored", "multi_worker", "tpu")
# The exit code of a process that others have left alone.
LOST_WORKER = 6
_LISTED = {
    "TF_CONFIG": "TF_CONFIG lists {} workers",
    "SLURM": "SLURM runs {} tasks in this step",
}
# The first is what users of TensorFlow set; the others tell libtpu about the
# TPU that a machine has.
_TPU = ("TPU_NAME", "TPU_ACCELERATOR_TYPE", "TPU_WORKER_ID")
_LOCAL = "local"


def make_strategy(name: str) -> tf.distribute.Strategy:
    """Returns the `tf.distribute` strategy called `name`.

    Args:
        name: `"auto"` for what `chosen_strategy` says; `"one_device"`;
            `"mirrored"` for a replica on every GPU of this machine, without a
            GPU on every logical CPU, of which there is one unless the program
            asked for more; `"multi_worker"` for one of the processes that
            `TF_CONFIG` lists, or that `srun` has started, each with its own
            GPUs; `"tpu"` for a replica on every core of the TPU that
            `TPU_NAME` names, or else of this machine. Call it before anything
            is computed with the last two. The last was never run on a TPU.

    Returns:
        A strategy. Build the model inside its `scope()`.

    Raises:
        ValueError: if the name is not known, there are no other workers, or
            there is no TPU.
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
        cluster = find_cluster()
        check_several(cluster)
        # Without a resolver TensorFlow reads TF_CONFIG.
        resolver = slurm_resolver() if cluster.source == SLURM else None
        return tf.distribute.MultiWorkerMirroredStrategy(resolver)
    if name == "tpu":
        return _tpu_strategy()
    raise ValueError(
        f"`strategy` must be one of {', '.join(STRATEGIES)}. Received: "
        f"strategy={name!r}."
    )


def chosen_strategy() -> tuple[str, str]:
    """Returns the strategy that this machine asks for, and why."""
    cluster = find_cluster()
    if cluster.num_workers > 1:
        listed = _LISTED[cluster.source].format(cluster.num_workers)
        return "multi_worker", listed
    for variable in _TPU:
        if os.environ.get(variable):
            return "tpu", f"{variable} is {os.environ[variable]}"
    gpus = len(tf.config.list_physical_devices("GPU"))
    if gpus > 1:
        return "mirrored", f"there are {gpus} GPUs"
    return (
        "one_device",
        "there is one device, and neither TF_CONFIG nor SLURM lists workers",
    )


def is_chief(name: str) -> bool:
    """Whether this process writes for all that train together.

    On TPUs of several hosts there is one process, which drives them all.

    Args:
        name: str. The strategy of the run.

    Raises:
        ValueError: if `TF_CONFIG` or SLURM is not understood.
    """
    return name not in ("auto", "multi_worker") or find_cluster().index == 0


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


def _tpu_strategy() -> tf.distribute.Strategy:
    name = os.environ.get("TPU_NAME") or _LOCAL
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=name)
        # What this machine has is there already.
        if name != _LOCAL:
            tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (tf.errors.OpError, OSError, RuntimeError, ValueError) as error:
        reason = str(error).strip().split("\n")[0]
        raise ValueError(
            "strategy='tpu' needs a TPU and a TensorFlow that was built for "
            f"it. Received: TPU_NAME={os.environ.get('TPU_NAME')!r}, for which "
            f"TensorFlow says: {reason} Set TPU_NAME to a TPU that this "
            "machine reaches, or to `local` for its own, or choose another "
            "strategy, say one_device."
        ) from error
    return tf.distribute.TPUStrategy(resolver)

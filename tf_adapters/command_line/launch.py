"""`launch --workers N -- COMMAND`: processes of one run, on this machine."""

import dataclasses
import math
import os
import shutil

from tf_adapters.command_line.worker_group import WorkerGroup
from tf_adapters.runs.flags import override
from tf_adapters.training.cluster import TF_CONFIG

SUMMARY = "start a command as several workers that train together"
_EXAMPLE = "launch --workers 2 -- python train.py houlsby"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Launch:
    """Starts what stands after `--` as workers on this machine, all together.

    Each is told about the others by TF_CONFIG, and sees all GPUs: where there
    are some, start one process with --strategy mirrored in their place. The
    exit code is 0 if all of them end with 0, and else that of the first which
    did not; the others are told to stop then.

    Attributes:
        workers: processes to start.
        grace: seconds from being told to stop to being killed.
    """

    workers: int = 2
    grace: float = 30.0

    def __post_init__(self) -> None:
        """Refuses what cannot be started or waited for."""
        if self.workers < 1:
            raise ValueError(
                "`workers` must be at least 1. Received: "
                f"workers={self.workers}."
            )
        if not 0 <= self.grace < math.inf:
            raise ValueError(
                "`grace` must be a finite number of seconds. Received: "
                f"grace={self.grace}."
            )


def main(argv: list[str], prog: str) -> int:
    """Runs a command as several workers and returns one exit code for all.

    Args:
        argv: flags, then `--` and the command with its arguments.
        prog: name of the command in its help.

    Raises:
        ValueError: if there is no such command, or this is a worker itself.
    """
    end = argv.index("--") if "--" in argv else len(argv)
    flags = override(Launch(), argv[:end], prog)
    command = argv[end + 1 :]
    if not command or shutil.which(command[0]) is None:
        raise ValueError(
            "After `--` must come a command that can be started. Received: "
            f"{' '.join(command) or 'none'}. Write, say, {_EXAMPLE}."
        )
    if os.environ.get(TF_CONFIG):
        raise ValueError(
            f"`launch` sets the environment variable {TF_CONFIG} for each "
            "worker, so that it must not be set before. Received: "
            f"{TF_CONFIG}={os.environ[TF_CONFIG]!r}. Unset it, or start the "
            "command without `launch`."
        )
    return WorkerGroup(prog, flags.grace).run(command, flags.workers)

"""What to do when memory or another worker is gone."""

import re
import sys
from collections.abc import Callable

from tf_adapters.training.strategy import LOST_WORKER

NO_MEMORY = 4


def advising(
    prog: str, command: Callable[[list[str]], int], argv: list[str]
) -> int:
    """Runs a command, and says what to do if something it needs is gone.

    Args:
        prog: str. Name of the program in the message.
        command: function from command line arguments to an exit code.
        argv: command line arguments.

    Returns:
        The exit code: `NO_MEMORY` if there was too little, `LOST_WORKER` if
        a process that this one computes with is gone.
    """
    try:
        return command(argv)
    except Exception as error:
        for code, advise in (
            (NO_MEMORY, memory_advice),
            (LOST_WORKER, worker_advice),
        ):
            advice = advise(error)
            if advice:
                print(f"{prog}: {advice}", file=sys.stderr)
                return code
        raise


def memory_advice(error: Exception) -> str:
    """Says what needs less memory, if that is what an error is about.

    Args:
        error: what a command ended with.

    Returns:
        A message for the user; empty if the error is about something else.
    """
    # TensorFlow's, which need not have been imported.
    if not isinstance(error, MemoryError) and (
        type(error).__name__ != "ResourceExhaustedError"
    ):
        return ""
    reason = re.sub(r"^{{.*?}} ?", "", str(error).strip()).split("\n")[0]
    return (
        f"There is not enough memory ({reason or 'none left'}). Training "
        "needs less of it, for the same result, with `accumulate_steps` or "
        "`recompute`; a smaller model, `batch_size` or `sequence_length` "
        "needs less too."
    )


def worker_advice(error: Exception) -> str:
    """Says what to do if another worker is gone.

    Args:
        error: what a command ended with.

    Returns:
        A message for the user; empty if the error is about something else.
    """
    _, aborted, reason = str(error).partition("Collective ops is aborted by: ")
    if not aborted:
        return ""
    return (
        "A worker that trains with this one has ended or cannot be reached "
        f"({reason.splitlines()[0]}). Look at its output. The same command, "
        "given again to all of them, goes on from the last checkpoint."
    )

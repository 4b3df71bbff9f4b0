"""What to do when a model does not fit into memory."""

import re
import sys
from collections.abc import Callable

NO_MEMORY = 4


def advising(
    prog: str, command: Callable[[list[str]], int], argv: list[str]
) -> int:
    """Runs a command, and says what needs less memory if there is too little.

    Args:
        prog: str. Name of the program in the message.
        command: function from command line arguments to an exit code.
        argv: command line arguments.

    Returns:
        The exit code, `NO_MEMORY` if there was too little.
    """
    try:
        return command(argv)
    except Exception as error:
        advice = memory_advice(error)
        if not advice:
            raise
        print(f"{prog}: {advice}", file=sys.stderr)
        return NO_MEMORY


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

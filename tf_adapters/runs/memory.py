"""What to do when a model does not fit into memory."""

import re


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
        f"There is not enough memory ({reason or 'none left'}). A smaller "
        "model needs less, in training a smaller `batch_size` or "
        "`sequence_length` too."
    )

"""Meets an unknown name half way."""

import difflib
from collections.abc import Iterable


def unknown_name(
    kind: str, name: object, known: Iterable[str], where: str = ""
) -> str:
    """Returns the message for a name that is not among the known ones.

    Args:
        kind: str. What is named, such as `"task"`.
        name: the name as it was received.
        known: names that would have been accepted.
        where: str. Completes the sentence, such as `" in tasks.yaml"`.
            Defaults to `""`.

    Returns:
        A message that guesses what was meant and lists what there is.

    Example:

    >>> unknown_name("task", "CoLA", ["cola", "rte"])
    "Unknown task 'CoLA'. Did you mean 'cola'? Known tasks: cola, rte."
    """
    known = list(known)
    by_lower = {one.lower(): one for one in known}
    close = difflib.get_close_matches(
        str(name).lower(), by_lower, n=1, cutoff=0.5
    )
    hint = f" Did you mean {by_lower[close[0]]!r}?" if close else ""
    names = ", ".join(known) or "none"
    return f"Unknown {kind} {name!r}{where}.{hint} Known {kind}s: {names}."

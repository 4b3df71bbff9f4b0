"""The groups of what TensorBoard shows, each of which can be left out."""

import importlib.util
from collections.abc import Sequence

from tf_adapters.data.lookup import unknown_name

GROUPS = (
    "scalars",
    "speed",
    "sampling",
    "adapters",
    "layer_norms",
    "text",
    "hparams",
    "projector",
    "images",
)
# Drawn by matplotlib, which not everybody has.
_DRAWN = ("images",)


def check_groups(groups: Sequence[str]) -> None:
    """Refuses a group that there is not.

    Raises:
        ValueError: if one is unknown.
    """
    for name in groups:
        if name not in GROUPS:
            raise ValueError(unknown_name("tensorboard", name, GROUPS))


def drawable(groups: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """Leaves out what cannot be drawn here.

    Args:
        groups: names out of `GROUPS`.

    Returns:
        Tuple of the groups that are left, and of a line that says which are
        not and how to get them; empty if all are.
    """
    missing = [name for name in groups if name in _DRAWN]
    if not missing or importlib.util.find_spec("matplotlib"):
        return tuple(groups), ""
    left = tuple(name for name in groups if name not in _DRAWN)
    return left, (
        f"TensorBoard gets no {', '.join(missing)}, for which matplotlib is "
        "missing: pip install 'tf_adapters[tensorboard]'"
    )

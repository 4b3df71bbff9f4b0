"""Which token looks at which."""

from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from tf_adapters.tensorboard.figures.drawing import SEQUENTIAL
from tf_adapters.tensorboard.figures.drawing import new_figure


def attention_map(
    shares: Mapping[str, np.ndarray], tokens: Sequence[str], title: str
) -> Figure:
    """Draws a map for each of some layers, side by side.

    Args:
        shares: dict from the name of a layer to an array of shape
            `(num_tokens, num_tokens)`; each row, that of the token which
            looks, adds up to 1.
        tokens: the tokens, written at both sides.
        title: str.

    Returns:
        A `Figure`.
    """
    side = 1.6 + 0.24 * len(tokens)
    figure = new_figure(1 + side * len(shares), side + 0.9)
    all_axes = figure.subplots(1, len(shares), squeeze=False)[0]
    highest = max(own.max() for own in shares.values())
    for axes, (name, own) in zip(all_axes, shares.items(), strict=True):
        drawn = axes.imshow(own, SEQUENTIAL, vmin=0, vmax=highest)
        axes.set_title(name, fontsize=10)
        axes.set_xticks(range(len(tokens)), tokens, rotation=90, fontsize=9)
        axes.set_yticks(range(len(tokens)), tokens, fontsize=9)
        axes.set_xlabel("looked at")
    all_axes[0].set_ylabel("token that looks")
    figure.colorbar(drawn, ax=list(all_axes), shrink=0.8)
    figure.suptitle(title, fontsize=11)
    return figure

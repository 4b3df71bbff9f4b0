"""LoRA: low-rank updates of the query and value projections."""

from tf_adapters import layers
from tf_adapters.methods.method import PROJECTION_SLOTS
from tf_adapters.methods.method import Method


class LoRA(Method):
    """Low-rank updates of dense layers, in every transformer layer.

    The encoder is frozen. Each task owns its updates and its head. The update
    of a model with one task is added to the dense layer when it is exported;
    those of several tasks are not, since a kernel for each would be stored.

    Args:
        rank: int. Rank of the updates. Defaults to 8.
        alpha: float. The update is scaled by `alpha / rank`. Defaults to 16.
        targets: tuple of str. The dense layers: of `"query"`, `"key"`,
            `"value"`, `"attention_output"`, `"intermediate"` and
            `"feedforward_output"`. Defaults to `("query", "value")`.

    Raises:
        ValueError: if `rank` is not positive or a target is unknown.

    References:
     - [Hu et al., 2022](https://arxiv.org/abs/2106.09685), sections 4.1, 4.2
    """

    def __init__(self, rank=8, alpha=16.0, targets=("query", "value")):
        # The layer checks its arguments; do it now and not in the encoder.
        layers.LowRankUpdate(1, rank, alpha)
        unknown = [t for t in targets if t not in PROJECTION_SLOTS]
        if unknown or not targets:
            raise ValueError(
                "`targets` must be one or several of "
                f"{', '.join(PROJECTION_SLOTS)}. Received: "
                f"targets={tuple(targets)}."
            )
        self.rank = rank
        self.alpha = alpha
        self.targets = tuple(targets)

    def slot_layer(self, slot, index, shape, shared):
        if slot not in self.targets:
            return None
        is_wide = slot == "intermediate"
        return layers.LowRankUpdate(
            shape.intermediate_dim if is_wide else shape.hidden_dim,
            rank=self.rank,
            alpha=self.alpha,
            num_tasks=shape.num_tasks,
            dtype=shape.dtype,
            name=f"{slot}_adapter",
        )

    def get_config(self):
        return {
            "rank": self.rank,
            "alpha": self.alpha,
            "targets": list(self.targets),
        }

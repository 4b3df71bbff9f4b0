"""Adapters of low rank: a baseline of Compacter."""

from tf_adapters import layers
from tf_adapters.methods.bottleneck.houlsby import Houlsby
from tf_adapters.methods.method import Method


class LowRankAdapter(Method):
    """Adapters after attention and feed-forward whose kernels are of low rank.

    The encoder is frozen. Each task owns its adapters, a copy of every
    LayerNorm and its head.

    Args:
        bottleneck_dim: int. Size of the bottleneck. Defaults to 24.
        rank: int. Rank of both kernels. Defaults to 1.
        activation: str. Activation inside the adapter. Defaults to
            `"gelu_approximate"`.

    Raises:
        ValueError: if a size is not positive.

    References:
     - [Mahabadi et al., 2021](https://arxiv.org/abs/2106.04647), section 4
    """

    layer_norms = "private"

    def __init__(
        self, bottleneck_dim=24, rank=1, activation="gelu_approximate"
    ):
        # The layer checks its arguments; do it now and not in the encoder.
        layers.LowRankBottleneckAdapter(bottleneck_dim, rank)
        self.bottleneck_dim = bottleneck_dim
        self.rank = rank
        self.activation = layers.activation_name(activation)

    def slot_layer(self, slot, index, shape, shared):
        if slot not in ("attention", "feedforward"):
            return None
        return layers.LowRankBottleneckAdapter(
            self.bottleneck_dim,
            rank=self.rank,
            activation=self.activation,
            num_tasks=shape.num_tasks,
            dtype=shape.dtype,
            name=f"{slot}_adapter",
        )

    def plain(self):
        return Houlsby(self.bottleneck_dim, self.activation)

    def get_config(self):
        return {
            "bottleneck_dim": self.bottleneck_dim,
            "rank": self.rank,
            "activation": self.activation,
        }

"""Layers of each task on top of an encoder that all tasks share."""

from tf_adapters import layers
from tf_adapters.methods.pals.shared_encoder import SharedEncoder


class PALsTopAttention(SharedEncoder):
    """Narrow attention blocks of each task on top of the encoder.

    Args:
        dim: int. Width of the narrow space. Defaults to 204.
        num_blocks: int. Number of blocks. Defaults to 6.
        num_heads: int. Attention heads. Defaults to 12.
        freeze: bool. As for `SharedEncoder`. Defaults to `False`.

    Raises:
        ValueError: if `num_heads` does not divide `dim`, or `num_blocks` is
            not positive.

    References:
     - [Stickland and Murray, 2019](https://arxiv.org/abs/1902.02671), section
       3.2
    """

    def __init__(self, dim=204, num_blocks=6, num_heads=12, freeze=False):
        super().__init__(freeze=freeze)
        # The layer checks its arguments; do it now and not in the encoder.
        layers.TopAttention(dim, num_blocks, num_heads)
        self.dim = dim
        self.num_blocks = num_blocks
        self.num_heads = num_heads

    def slot_layer(self, slot, index, shape, shared):
        if slot != "top":
            return None
        return layers.TopAttention(
            self.dim,
            self.num_blocks,
            self.num_heads,
            dropout=shape.dropout,
            num_tasks=shape.num_tasks,
            dtype=shape.dtype,
            name="top_adapter",
        )

    def get_config(self):
        return {
            "dim": self.dim,
            "num_blocks": self.num_blocks,
            "num_heads": self.num_heads,
            **super().get_config(),
        }


class PALsTopLayer(SharedEncoder):
    """One transformer layer of each task on top of the encoder.

    It has the sizes of the layers of the encoder.

    Args:
        freeze: bool. As for `SharedEncoder`. Defaults to `False`.

    References:
     - [Stickland and Murray, 2019](https://arxiv.org/abs/1902.02671), section
       3.2
    """

    def slot_layer(self, slot, index, shape, shared):
        if slot != "top":
            return None
        return layers.TopTransformer(
            shape.num_heads,
            shape.intermediate_dim,
            dropout=shape.dropout,
            num_tasks=shape.num_tasks,
            dtype=shape.dtype,
            name="top_adapter",
        )

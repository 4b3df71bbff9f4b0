"""Intrinsic SAID: every weight of the encoder, moved in a narrow space."""

from tf_adapters import layers
from tf_adapters.methods.method import Method


class IntrinsicSAID(Method):
    """Fine-tuning in a random subspace ("structure-aware intrinsic dimension").

    Every pretrained tensor, embeddings, LayerNorms and pooler among them, gets
    an update: its own random projection of one vector, times a scale. Each task
    owns the vector, the scales and its head; the encoder is frozen.

    An exported model holds the updated tensors in the place of the pretrained
    ones, of every task: about one backbone for each. Its layers that are
    exported without the method (`dropped_layers`) are those of the backbone.

    Args:
        dim: int. Number of weights of a task, without its head: the vector, and
            a scale for each tensor. Defaults to 20,000.
        seed: int. Draws the projections, which are not saved. Defaults to 0.

    Raises:
        ValueError: if `dim` is not positive or `seed` not one of 32 bits. The
            encoder raises it if `dim` does not exceed the number of tensors.

    References:
     - [Aghajanyan et al., 2021](https://arxiv.org/abs/2012.13255), section 3
    """

    def __init__(self, dim=20_000, seed=0):
        # The layer checks its arguments; do it now and not in the encoder.
        layers.IntrinsicSubspace(dim, seed)
        self.dim = dim
        self.seed = seed

    def weight_update(self, shape):
        return layers.IntrinsicSubspace(
            self.dim,
            self.seed,
            num_tasks=shape.num_tasks,
            dtype="float32",
            name="weight_update",
        )

    def get_config(self):
        return {"dim": self.dim, "seed": self.seed}

"""The adapters of tasks that were trained with several methods."""

from tf_adapters import layers
from tf_adapters.methods.method import Method


class JoinedAdapters(Method):
    """What is left of several methods once their tasks are trained.

    No paper's method, and not meant to be trained: an adapter starts at zero.
    `tf_adapters.join_bundles` builds a model of it and fills it. Each task
    owns an adapter in every slot, padded to the widest, a copy of every
    LayerNorm and its head.

    Args:
        attention_dim, feedforward_dim: ints. The widest bottleneck in each
            slot; 0 leaves the slot empty. Default to 0.
        activations: tuple of str. Every activation that an adapter has.
            Defaults to `("gelu_approximate",)`.
        normalized: bool. Whether any adapter has a LayerNorm. Defaults to
            `False`.
        dropped_layers: int. How many layers, from the first, have no adapters.
            Defaults to 0.

    Raises:
        ValueError: if a size is negative, or there is no activation.
    """

    layer_norms = "private"

    def __init__(
        self,
        attention_dim=0,
        feedforward_dim=0,
        activations=("gelu_approximate",),
        normalized=False,
        dropped_layers=0,
    ):
        sizes = {
            "attention_dim": attention_dim,
            "feedforward_dim": feedforward_dim,
            "dropped_layers": dropped_layers,
        }
        for name, size in sizes.items():
            if size < 0:
                raise ValueError(
                    f"`{name}` must not be negative. Received: {name}={size}. "
                    "Write 0 for none."
                )
        if not activations:
            raise ValueError(
                "`activations` must name one at least. Received: "
                f"activations={activations!r}. Leave it out."
            )
        self.attention_dim = attention_dim
        self.feedforward_dim = feedforward_dim
        self.activations = tuple(map(layers.activation_name, activations))
        self.normalized = normalized
        self.dropped_layers = dropped_layers

    def slot_layer(self, slot, index, shape, shared):
        widest = {
            "attention": self.attention_dim,
            "feedforward": self.feedforward_dim,
        }
        if not widest.get(slot) or index < self.dropped_layers:
            return None
        adapter = layers.JoinedAdapter
        if self.normalized:
            adapter = layers.JoinedFoldedAdapter
        return adapter(
            widest[slot],
            activations=self.activations,
            num_tasks=shape.num_tasks,
            dtype=shape.dtype,
            name=f"{slot}_adapter",
        )

    def get_config(self):
        return {
            "attention_dim": self.attention_dim,
            "feedforward_dim": self.feedforward_dim,
            "activations": self.activations,
            "normalized": self.normalized,
            "dropped_layers": self.dropped_layers,
        }

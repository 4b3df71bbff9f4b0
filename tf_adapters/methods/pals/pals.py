"""BERT and PALs: a narrow attention of each task beside every layer."""

from etils import epy

from tf_adapters import layers
from tf_adapters.methods.pals.shared_encoder import SharedEncoder

with epy.lazy_imports():
    from tf_adapters.layers import activation as activations
    from tf_adapters.layers.projected import attention


LAYERS = ("all", "top", "bottom")


class PALs(SharedEncoder):
    """A projected attention layer beside every transformer layer.

    It reads the input of the layer and joins its second residual sum. Each
    task owns the attention of every layer and the projections into and out of
    its narrow space, which all layers share. The encoder is shared and trained.

    Args:
        dim: int. Width of the narrow space. Defaults to 204, with which eight
            tasks make BERT-base 1.13 times as large.
        num_heads: int. Attention heads. Defaults to 12, as in the paper; the
            authors' code has 6.
        share_projections: bool. Whether all layers share the projections of a
            task. Defaults to `True`; the paper uses `dim=84` without.
        layers: str. `"all"`, or the `"top"` or `"bottom"` half of the layers,
            for which the paper uses `dim=276`; of an odd number, the middle
            one is in neither. Defaults to `"all"`.
        activation: str. Applied to the result. Defaults to `"gelu_exact"`, as
            in the authors' code; `"linear"` is equation 7 of the paper.
        freeze: bool. As for `SharedEncoder`. Defaults to `False`.

    Raises:
        ValueError: if `num_heads` does not divide `dim`, or `layers` is
            unknown.

    References:
     - [Stickland and Murray, 2019](https://arxiv.org/abs/1902.02671), section
       3.1. The result is added after the first residual sum of the layer, as
       in the authors' code, and not to its input, as equation 8 reads.
    """

    def __init__(
        self,
        dim=204,
        num_heads=12,
        share_projections=True,
        layers="all",
        activation="gelu_exact",
        freeze=False,
    ):
        super().__init__(freeze=freeze)
        attention.check_heads(dim, num_heads)
        check_layers(layers)
        self.dim = dim
        self.num_heads = num_heads
        self.share_projections = share_projections
        self.layers = layers
        self.activation = activations.activation_name(activation)

    def shared_layers(self, shape):
        return make_projections(self.dim, shape, self.share_projections)

    def slot_layer(self, slot, index, shape, shared):
        if slot != "parallel" or not is_adapted(index, shape, self.layers):
            return None
        return layers.ProjectedAttention(
            self.dim,
            num_heads=self.num_heads,
            num_tasks=shape.num_tasks,
            projections=shared.get("projections"),
            activation=self.activation,
            dropout=shape.dropout,
            dtype=shape.dtype,
            name="parallel_adapter",
        )

    def get_config(self):
        return {
            "dim": self.dim,
            "num_heads": self.num_heads,
            "share_projections": self.share_projections,
            "layers": self.layers,
            "activation": self.activation,
            **super().get_config(),
        }


class PALsFeedForward(SharedEncoder):
    """As `PALs`, with a feed-forward layer in the place of the attention.

    Args:
        dim: int. Width of the narrow space. Defaults to 204.
        intermediate_dim: int. Units of the feed-forward layer. Defaults to
            306.
        freeze: bool. As for `SharedEncoder`. Defaults to `False`.

    Raises:
        ValueError: if a width is not positive.

    References:
     - [Stickland and Murray, 2019](https://arxiv.org/abs/1902.02671), section
       3.1
    """

    def __init__(self, dim=204, intermediate_dim=306, freeze=False):
        super().__init__(freeze=freeze)
        # The layer checks its arguments; do it now and not in the encoder.
        layers.ProjectedFeedForward(dim, intermediate_dim=intermediate_dim)
        self.dim = dim
        self.intermediate_dim = intermediate_dim

    def shared_layers(self, shape):
        return make_projections(self.dim, shape, True)

    def slot_layer(self, slot, index, shape, shared):
        if slot != "parallel":
            return None
        return layers.ProjectedFeedForward(
            self.dim,
            intermediate_dim=self.intermediate_dim,
            num_tasks=shape.num_tasks,
            projections=shared["projections"],
            dtype=shape.dtype,
            name="parallel_adapter",
        )

    def get_config(self):
        return {
            "dim": self.dim,
            "intermediate_dim": self.intermediate_dim,
            **super().get_config(),
        }


def check_layers(layers):
    """Refuses an unknown choice of layers."""
    if layers not in LAYERS:
        raise ValueError(
            f"`layers` must be one of {', '.join(LAYERS)}. Received: "
            f"layers={layers!r}."
        )


def is_adapted(index, shape, layers):
    """Says whether layer `index` is among `layers`, of which half is whole."""
    half = shape.num_layers // 2
    if layers == "bottom":
        return index < half
    return layers == "all" or index >= shape.num_layers - half


def make_projections(dim, shape, share):
    """Returns the projections that layers share, as `shared_layers` does."""
    if not share:
        return {}
    projections = layers.TaskProjections(
        dim, num_tasks=shape.num_tasks, dtype=shape.dtype, name="projections"
    )
    return {"projections": projections}

"""AdapterDrop: no adapters in the first layers."""

from tf_adapters.methods.bottleneck.houlsby import Houlsby


class AdapterDrop(Houlsby):
    """`Houlsby` adapters in all but the first layers.

    The layers without adapters keep the private LayerNorms of their task.
    Adapters that were trained can be left out when a model is exported instead:
    `export_saved_model(..., dropped_layers=...)`.

    Args:
        bottleneck_dim, activation, init_stddev: as for `Houlsby`. The
            bottleneck defaults to 24, as in Compacter's comparison.
        dropped_layers: int. How many layers, from the first, have no adapters.
            Defaults to 5, as for the twelve layers of BERT-base.

    Raises:
        ValueError: if `dropped_layers` is negative, or, in the encoder, leaves
            no layer with adapters.

    References:
     - [Rueckle et al., 2021](https://arxiv.org/abs/2010.11918), section 3
    """

    def __init__(
        self,
        bottleneck_dim=24,
        activation="gelu_approximate",
        init_stddev=1e-3,
        dropped_layers=5,
    ):
        super().__init__(bottleneck_dim, activation, init_stddev)
        if dropped_layers < 0:
            raise ValueError(
                "`dropped_layers` must not be negative. Received: "
                f"dropped_layers={dropped_layers}."
            )
        self.dropped_layers = dropped_layers

    def slot_layer(self, slot, index, shape, shared):
        if self.dropped_layers >= shape.num_layers:
            raise ValueError(
                "`dropped_layers` must leave a layer with adapters. Received: "
                f"dropped_layers={self.dropped_layers} for an encoder of "
                f"{shape.num_layers} layers."
            )
        if index < self.dropped_layers:
            return None
        return super().slot_layer(slot, index, shape, shared)

    def get_config(self):
        return {"dropped_layers": self.dropped_layers, **super().get_config()}

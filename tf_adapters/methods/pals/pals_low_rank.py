"""Low-rank layers: beside every layer, or in the authors' hybrid."""

from etils import epy

from tf_adapters import layers
from tf_adapters.methods.pals.shared_encoder import SharedEncoder

with epy.lazy_imports():
    from tf_adapters.layers.projected import task_projections


class PALsLowRank(SharedEncoder):
    """A low-rank layer of each task beside every transformer layer.

    It takes the place of the attention of `PALs`. Nothing is shared between
    the layers.

    Args:
        dim: int. Width of the narrow space. Defaults to 100.
        activation: str. Applied in the narrow space. Defaults to
            `"gelu_exact"`, as in the authors' code; `"linear"` is the map of
            rank `dim` of the paper.
        freeze: bool. As for `SharedEncoder`. Defaults to `False`.

    Raises:
        ValueError: if `dim` is not positive.

    References:
     - [Stickland and Murray, 2019](https://arxiv.org/abs/1902.02671), section
       3.1
    """

    def __init__(self, dim=100, activation="gelu_exact", freeze=False):
        super().__init__(freeze=freeze)
        task_projections.check_dim(dim)
        self.dim = dim
        self.activation = layers.activation_name(activation)

    def slot_layer(self, slot, index, shape, shared):
        if slot == "parallel":
            return self._low_rank(slot, shape, residual=False)

    def _low_rank(self, slot, shape, residual):
        return layers.LowRank(
            self.dim,
            activation=self.activation,
            residual=residual,
            num_tasks=shape.num_tasks,
            dtype=shape.dtype,
            name=f"{slot}_adapter",
        )

    def get_config(self):
        return {
            "dim": self.dim,
            "activation": self.activation,
            **super().get_config(),
        }


class PALsHoulsby(PALsLowRank):
    """What the authors' code calls "houlsby": serial and parallel.

    A low-rank layer with a skip connection after attention, and one beside
    the feed-forward sub-layer that reads what that sub-layer reads. The
    adapters of `Houlsby` are serial in both places.

    Args:
        dim: int. Width of the narrow space. Defaults to 50.
        activation, freeze: as for `PALsLowRank`.

    References:
     - [Stickland and Murray, 2019](https://arxiv.org/abs/1902.02671), section
       3.1, and `houlsby_config.json` of the authors' code
    """

    def __init__(self, dim=50, activation="gelu_exact", freeze=False):
        super().__init__(dim, activation, freeze)

    def slot_layer(self, slot, index, shape, shared):
        if slot in ("attention", "parallel_feedforward"):
            is_serial = slot == "attention"
            return self._low_rank(slot, shape, residual=is_serial)

"""One bottleneck in every layer, in a slot of your choice."""

from tf_adapters.methods.bottleneck.houlsby import Houlsby


class Pfeiffer(Houlsby):
    """Half of Houlsby's adapters: one for each layer, in one slot.

    The papers disagree about the slot. Compacter's authors kept the one after
    attention, AdapterHub's configuration has the one after feed-forward. The
    counts are equal. The adapter is the plain serial bottleneck of Houlsby;
    AdapterHub's second use of the original LayerNorm is not reproduced.

    Args:
        bottleneck_dim, activation, init_stddev: as for `Houlsby`.
        slot: str. `"feedforward"` or `"attention"`. Defaults to
            `"feedforward"`.

    References:
     - [Pfeiffer et al., 2021](https://arxiv.org/abs/2005.00247), section 3.1
     - [Mahabadi et al., 2021](https://arxiv.org/abs/2106.04647), section 5.2
    """

    def __init__(
        self,
        bottleneck_dim=64,
        activation="gelu_approximate",
        init_stddev=1e-3,
        slot="feedforward",
    ):
        super().__init__(bottleneck_dim, activation, init_stddev)
        if slot not in ("attention", "feedforward"):
            raise ValueError(
                '`slot` must be "attention" or "feedforward". Received: '
                f"slot={slot!r}."
            )
        self.slot = slot
        self.slots = (slot,)

    def get_config(self):
        return {"slot": self.slot, **super().get_config()}

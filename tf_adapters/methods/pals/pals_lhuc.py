"""Learning hidden unit contributions, over an encoder that tasks share."""

from tf_adapters import layers
from tf_adapters.methods.pals.shared_encoder import SharedEncoder


class PALsLHUC(SharedEncoder):
    """A factor of each task for every unit that a layer puts out.

    Args:
        freeze: bool. As for `SharedEncoder`. Defaults to `False`.

    References:
     - [Stickland and Murray, 2019](https://arxiv.org/abs/1902.02671); learning
       hidden unit contributions
    """

    def slot_layer(self, slot, index, shape, shared):
        if slot == "output":
            return layers.HiddenUnitScale(
                num_tasks=shape.num_tasks,
                dtype=shape.dtype,
                name="output_adapter",
            )

"""The projected feed-forward layer of BERT and PALs."""

import keras

from tf_adapters.layers.activation import gelu_exact
from tf_adapters.layers.banks import bank
from tf_adapters.layers.projected.projected_layer import ProjectedLayer


@keras.saving.register_keras_serializable(package="tf_adapters")
class ProjectedFeedForward(ProjectedLayer):
    """A feed-forward layer in a narrow space of each task.

    As `ProjectedAttention`, with a layer of `intermediate_dim` units, a GELU
    and a layer of `dim` units between the projections. The paper finds it
    worse than attention at the same size.

    Args:
        dim: int. Width of the narrow space. Defaults to 204.
        intermediate_dim: int. Units between. Defaults to 306.
        num_tasks, projections, activation, **kwargs: as for `ProjectedLayer`.

    Call arguments, returns: as for `ProjectedLayer`.

    Raises:
        ValueError: if `intermediate_dim` is not positive.

    References:
     - [Stickland and Murray, 2019](https://arxiv.org/abs/1902.02671), section
       3.1 ("PALs with a feed-forward layer"). There is no code of the authors;
       the activation after `V^D` is that of their attention.
    """

    is_tokenwise = True

    def __init__(self, dim=204, intermediate_dim=306, **kwargs):
        super().__init__(dim, **kwargs)
        if intermediate_dim < 1:
            raise ValueError(
                "`intermediate_dim` must be at least 1. Received: "
                f"intermediate_dim={intermediate_dim}."
            )
        self.intermediate_dim = intermediate_dim

    def build_between(self):
        normal = keras.initializers.RandomNormal(stddev=0.02)
        zeros = keras.initializers.Zeros()
        units = self.intermediate_dim
        self.add_bank("intermediate", (self.dim, units), normal)
        self.add_bank("intermediate_bias", (units,), zeros)
        self.add_bank("outer", (units, self.dim), normal)
        self.add_bank("outer_bias", (self.dim,), zeros)

    def between(self, weights, inputs, padding_mask):
        x = bank.project(
            inputs, weights["intermediate"], weights["intermediate_bias"]
        )
        return bank.project(
            gelu_exact(x), weights["outer"], weights["outer_bias"]
        )

    def get_config(self):
        config = super().get_config()
        return {**config, "intermediate_dim": self.intermediate_dim}

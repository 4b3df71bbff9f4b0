"""A bottleneck adapter whose kernels are of low rank."""

import keras
from keras import ops

from tf_adapters.layers.bottleneck.bottleneck_adapter import BottleneckAdapter


@keras.saving.register_keras_serializable(package="tf_adapters")
class LowRankBottleneckAdapter(BottleneckAdapter):
    """The baseline "Adapter-LowRank" of Compacter.

    A `BottleneckAdapter` whose two kernels are each the product of a tall and
    a wide matrix, for each task.

    Args:
        bottleneck_dim: int. Size of the bottleneck. Defaults to 24.
        rank: int. Rank of both kernels. Defaults to 1.
        activation: name or function. Defaults to `"gelu_approximate"`.
        num_tasks: int. Number of tasks. Defaults to 1.
        **kwargs: keyword arguments of `keras.layers.Layer`.

    Call arguments, returns: as for `BottleneckAdapter`.

    Raises:
        ValueError: if `rank` is not positive.

    References:
     - [Mahabadi et al., 2021](https://arxiv.org/abs/2106.04647), section 4.
       The authors' code multiplies element by element, which is right for
       rank 1 only.
    """

    # The kernels are made in float32 and cast when they are.
    autocast_banks = False

    def __init__(
        self,
        bottleneck_dim=24,
        rank=1,
        activation="gelu_approximate",
        num_tasks=1,
        **kwargs,
    ):
        super().__init__(
            bottleneck_dim, num_tasks, activation=activation, **kwargs
        )
        if rank < 1:
            raise ValueError(
                f"`rank` must be at least 1. Received: rank={rank}."
            )
        self.rank = rank

    def build(self, input_shape):
        hidden_dim, units = input_shape[-1], self.bottleneck_dim
        # Uniform with Glorot's bound times the root of 2.
        glorot = keras.initializers.VarianceScaling(2.0, "fan_avg", "uniform")
        zeros = keras.initializers.Zeros()
        self.add_bank("down_left", (hidden_dim, self.rank), glorot)
        self.add_bank("down_right", (self.rank, units), glorot)
        self.add_bank("down_bias", (units,), zeros)
        self.add_bank("up_left", (units, self.rank), glorot)
        self.add_bank("up_right", (self.rank, hidden_dim), glorot)
        self.add_bank("up_bias", (hidden_dim,), zeros)
        self.built = True

    def kernels(self):
        kernels = {
            "down": ops.matmul(self.down_left, self.down_right),
            "down_bias": self.down_bias,
            "up": ops.matmul(self.up_left, self.up_right),
            "up_bias": self.up_bias,
        }
        return {
            name: ops.cast(kernel, self.compute_dtype)
            for name, kernel in kernels.items()
        }

    def get_config(self):
        config = super().get_config()
        del config["kernel_initializer"]
        return {**config, "rank": self.rank}

"""Houlsby adapters: two bottlenecks in every layer."""

import numbers

from etils import epy

from tf_adapters import layers
from tf_adapters.methods.method import Method

with epy.lazy_imports():
    import keras


class Houlsby(Method):
    """Adapters after attention and after feed-forward, in every layer.

    The encoder is frozen, its pooler too. Each task owns its adapters, a copy
    of every LayerNorm (the one after the embeddings among them) and its head.

    Args:
        bottleneck_dim: int. Size of the bottleneck. Defaults to 64, the
            default of the authors' code.
        activation: str. Activation inside the adapter. Defaults to
            `"gelu_approximate"`.
        init_stddev: float. Standard deviation of the truncated normal that
            both kernels are drawn from. Defaults to 1e-3, the value of the
            authors' code; the paper says 1e-2 and finds anything below that
            equally good (section 3.6).

    References:
     - [Houlsby et al., 2019](https://arxiv.org/abs/1902.00751), section 2.1
    """

    layer_norms = "private"
    slots = ("attention", "feedforward")

    def __init__(
        self,
        bottleneck_dim=64,
        activation="gelu_approximate",
        init_stddev=1e-3,
    ):
        check_bottleneck(bottleneck_dim, init_stddev)
        self.bottleneck_dim = bottleneck_dim
        self.activation = layers.activation_name(activation)
        self.init_stddev = init_stddev

    def slot_layer(self, slot, index, shape, shared):
        if slot not in self.slots:
            return None
        return layers.BottleneckAdapter(
            self.bottleneck_dim,
            num_tasks=shape.num_tasks,
            activation=self.activation,
            kernel_initializer=keras.initializers.TruncatedNormal(
                stddev=self.init_stddev
            ),
            dtype=shape.dtype,
            name=f"{slot}_adapter",
        )

    def get_config(self):
        return {
            "bottleneck_dim": self.bottleneck_dim,
            "activation": self.activation,
            "init_stddev": self.init_stddev,
        }


def check_bottleneck(bottleneck_dim, init_stddev):
    """Refuses a bottleneck without units or without randomness."""
    if not isinstance(bottleneck_dim, numbers.Integral) or bottleneck_dim < 1:
        raise ValueError(
            "`bottleneck_dim` must be an int of at least 1. Received: "
            f"bottleneck_dim={bottleneck_dim!r}."
        )
    if init_stddev <= 0:
        raise ValueError(
            "`init_stddev` must be positive: with both kernels at zero no "
            f"gradient reaches either. Received: init_stddev={init_stddev}."
        )

"""Adapters with a LayerNorm: what HyperFormer generates, as they are."""

from tf_adapters import layers
from tf_adapters.methods.method import Method


class NormalizedAdapters(Method):
    """Adapters of each task, whose output passes a LayerNorm of the task.

    The form of adapter that HyperFormer generates, and its authors' baseline
    for a single task. The encoder is frozen but for its LayerNorms, which all
    tasks train together. Each task owns its adapters and its head.

    Args:
        bottleneck_dim: int. Size of the bottleneck. Defaults to 24.
        activation: str. Activation inside the adapter. Defaults to
            `"gelu_approximate"`.
        init_gain: float. What the gains of the norms start at. Defaults to 0.1.
            With 1, as in the authors' code, an adapter adds numbers of size 1
            to what it reads. Beside those in T5 that is little; a BERT of
            which the sub-layers put out 0.2 to 1.5 is not itself any more.

    Raises:
        ValueError: if `bottleneck_dim` is not positive.

    References:
     - [Mahabadi et al., 2021](https://arxiv.org/abs/2106.04489), section 2.2
    """

    layer_norms = "shared"
    slots = ("attention", "feedforward")
    shared_norm = False

    def __init__(
        self, bottleneck_dim=24, activation="gelu_approximate", init_gain=0.1
    ):
        # The layer checks its arguments; do it now and not in the encoder.
        layers.NormalizedAdapter(bottleneck_dim)
        self.bottleneck_dim = bottleneck_dim
        self.activation = layers.activation_name(activation)
        self.init_gain = init_gain

    def slot_layer(self, slot, index, shape, shared):
        if slot not in self.slots:
            return None
        return layers.NormalizedAdapter(
            self.bottleneck_dim,
            shared_norm=self.shared_norm,
            init_gain=self.init_gain,
            activation=self.activation,
            num_tasks=shape.num_tasks,
            dtype=shape.dtype,
            name=f"{slot}_adapter",
        )

    def get_config(self):
        return {
            "bottleneck_dim": self.bottleneck_dim,
            "activation": self.activation,
            "init_gain": self.init_gain,
        }


class MultiTaskAdapters(NormalizedAdapters):
    """Adapters of each task, whose output passes a LayerNorm that tasks share.

    The baseline "adapters-dagger" of HyperFormer. As `NormalizedAdapters`,
    except that the LayerNorm of every adapter belongs to all tasks.

    Args: as for `NormalizedAdapters`.

    References:
     - [Mahabadi et al., 2021](https://arxiv.org/abs/2106.04489), section 3
    """

    shared_norm = True

"""Adapters some of which have a LayerNorm, as they are served together."""

import keras

from tf_adapters.layers.activation import activation_name
from tf_adapters.layers.activation import get_activation
from tf_adapters.layers.banks import bank
from tf_adapters.layers.bottleneck.folded_adapter import FoldedAdapter
from tf_adapters.layers.task_activation import add_choice
from tf_adapters.layers.task_activation import task_activation


@keras.saving.register_keras_serializable(package="tf_adapters")
class JoinedFoldedAdapter(FoldedAdapter):
    """A `FoldedAdapter` with an activation and an epsilon for each task.

    The adapter of a task without a norm is one with a `root` of 0 and an
    epsilon of 1: the scale of its bottleneck is then 1. A new task starts so,
    and at the identity.

    Args:
        bottleneck_dim, activations, num_tasks, **kwargs: as for
            `JoinedAdapter`.

    Call arguments, returns: as for `BottleneckAdapter`.
    """

    exact_banks = ("root", "norm_epsilon")

    def __init__(
        self, bottleneck_dim, activations=("gelu_approximate",), **kwargs
    ):
        super().__init__(bottleneck_dim, activation=activations[0], **kwargs)
        self.activations = tuple(map(get_activation, activations))

    def build(self, input_shape):
        super().build(input_shape)
        self.add_bank("norm_epsilon", (1,), keras.initializers.Ones())
        self.norm_epsilon.trainable = False
        add_choice(self, len(self.activations))

    def _activation(self, weights):
        if "choice" not in weights:
            return self.activation
        return task_activation(self.activations, weights["choice"])

    def _epsilon(self, weights):
        return bank.over_tokens(weights["norm_epsilon"])

    def get_config(self):
        config = super().get_config()
        del config["activation"], config["epsilon"]
        names = [activation_name(function) for function in self.activations]
        return {**config, "activations": names}

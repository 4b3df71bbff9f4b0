"""Bottleneck adapters of tasks that were trained with other activations."""

import keras

from tf_adapters.layers.activation import activation_name
from tf_adapters.layers.activation import get_activation
from tf_adapters.layers.bottleneck.bottleneck_adapter import BottleneckAdapter
from tf_adapters.layers.task_activation import add_choice
from tf_adapters.layers.task_activation import task_activation


@keras.saving.register_keras_serializable(package="tf_adapters")
class JoinedAdapter(BottleneckAdapter):
    """A `BottleneckAdapter` with an activation for each task.

    A task whose bottleneck is narrower than `bottleneck_dim` has columns and
    rows of zeros, and one that has no adapter here an `up` and `up_bias` of
    zeros: both compute what they did.

    Args:
        bottleneck_dim: int. Size of the widest bottleneck.
        activations: names or functions. The bank `choice`, if there are
            several, says which is that of a task.
        num_tasks, **kwargs: as for `BottleneckAdapter`.

    Call arguments, returns: as for `BottleneckAdapter`.
    """

    def __init__(
        self, bottleneck_dim, activations=("gelu_approximate",), **kwargs
    ):
        kwargs.setdefault("kernel_initializer", "zeros")
        super().__init__(bottleneck_dim, activation=activations[0], **kwargs)
        self.activations = tuple(map(get_activation, activations))

    def build(self, input_shape):
        super().build(input_shape)
        add_choice(self, len(self.activations))

    def _activation(self, weights):
        if "choice" not in weights:
            return self.activation
        return task_activation(self.activations, weights["choice"])

    def get_config(self):
        config = super().get_config()
        del config["activation"]
        names = [activation_name(function) for function in self.activations]
        return {**config, "activations": names}

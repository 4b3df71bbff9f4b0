"""A `NormalizedAdapter` as it is served: its LayerNorm is in its kernels."""

import keras
import numpy as np
from keras import ops

from tf_adapters.layers.activation import activation_name
from tf_adapters.layers.activation import get_activation
from tf_adapters.layers.banks import bank
from tf_adapters.layers.banks.task_layer import TaskLayer


@keras.saving.register_keras_serializable(package="tf_adapters")
class FoldedAdapter(TaskLayer):
    """Computes what a `NormalizedAdapter` computes at the cost of a plain one.

    With `h` the activated bottleneck and a 1 after it, the values that the norm
    reads are `h @ W`. Once the mean of every row of `W` is taken off it, theirs
    is 0, and their variance is the squared length of `h @ root`, with a `root`
    no wider than the bottleneck. What the norm returns is then a product of
    `h`, scaled, and one further kernel: nothing is as wide as the encoder but
    the inputs and that product.

    It is not trained: `assign_from` reads the weights of the other form.

    Args:
        bottleneck_dim: int. Size of the bottleneck.
        epsilon: float. Of the norm. Defaults to 1e-5.
        num_tasks, activation, **kwargs: as for `BottleneckAdapter`.

    Call arguments, returns: as for `BottleneckAdapter`.
    """

    autocast_banks = False
    is_tokenwise = True
    # As the norm itself, in float32.
    exact_banks = ("root",)

    def __init__(
        self,
        bottleneck_dim,
        epsilon=1e-5,
        num_tasks=1,
        activation="gelu_approximate",
        **kwargs,
    ):
        super().__init__(num_tasks=num_tasks, **kwargs)
        self.bottleneck_dim = bottleneck_dim
        self.epsilon = epsilon
        self.activation = get_activation(activation)

    def build(self, input_shape):
        hidden_dim, units = input_shape[-1], self.bottleneck_dim
        zeros = keras.initializers.Zeros()
        self.add_bank("down", (hidden_dim, units), zeros)
        self.add_bank("down_bias", (units,), zeros)
        self.add_bank("root", (units + 1, units + 1), zeros)
        self.add_bank("up", (units + 2, hidden_dim), zeros)
        self.built = True

    def assign_from(self, kernels):
        """Folds the banks of a `NormalizedAdapter`.

        Args:
            kernels: dict of its banks `down`, `down_bias`, `up`, `up_bias`,
                `gamma` and `beta`.
        """
        # In float64, because rounding here would stay in every answer.
        kernels = {
            name: np.array(ops.cast(kernel, "float32"), "float64")
            for name, kernel in kernels.items()
        }
        rows = np.concatenate(
            [kernels["up"], kernels["up_bias"][:, None, :]], axis=1
        )
        rows -= rows.mean(axis=-1, keepdims=True)
        squares, axes = np.linalg.eigh(rows @ rows.swapaxes(1, 2))
        lengths = np.sqrt(np.maximum(squares, 0) / rows.shape[-1])
        up = [rows * kernels["gamma"][:, None, :], kernels["beta"][:, None, :]]
        self.down.assign(kernels["down"])
        self.down_bias.assign(kernels["down_bias"])
        self.root.assign(axes * lengths[:, None, :])
        self.up.assign(np.concatenate(up, axis=1))

    def call(self, inputs, task_ids=None, padding_mask=None):
        banks = self.cast_banks()
        # As the norm itself, in float32.
        for name in self.exact_banks:
            banks[name] = ops.convert_to_tensor(getattr(self, name))
        return self.apply_banks(self._adapt, banks, task_ids, inputs)

    def _adapt(self, weights, inputs):
        activation = self._activation(weights)
        h = bank.project(
            inputs, weights["down"], weights["down_bias"], activation
        )
        one = ops.ones_like(h[..., :1])
        h = ops.concatenate([h, one], axis=-1)
        wide = ops.cast(h, "float32")
        variance = ops.sum(
            bank.project(wide, weights["root"]) ** 2, axis=-1, keepdims=True
        )
        scale = ops.rsqrt(variance + self._epsilon(weights))
        scaled = ops.cast(wide * scale, self.compute_dtype)
        h = ops.concatenate([scaled, one], axis=-1)
        return inputs + bank.project(h, weights["up"])

    def _activation(self, weights):
        return self.activation

    def _epsilon(self, weights):
        return self.epsilon

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "bottleneck_dim": self.bottleneck_dim,
            "epsilon": self.epsilon,
            "activation": activation_name(self.activation),
        }

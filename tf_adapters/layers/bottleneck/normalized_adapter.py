"""A bottleneck adapter with a LayerNorm before its skip connection."""

import keras
from keras import ops

from tf_adapters.layers.banks import bank
from tf_adapters.layers.bottleneck.bottleneck_adapter import BottleneckAdapter
from tf_adapters.layers.bottleneck.folded_adapter import FoldedAdapter
from tf_adapters.layers.normalise import normalise


@keras.saving.register_keras_serializable(package="tf_adapters")
class NormalizedAdapter(BottleneckAdapter):
    """The adapter of HyperFormer and of its baseline.

    Computes, with the weights of each example's task,

        outputs = inputs + norm(activation(inputs @ down + b) @ up + b)

    Args:
        bottleneck_dim: int. Size of the bottleneck.
        shared_norm: bool. Whether gain and offset of the norm are shared by
            all tasks, as in the baseline "adapters-dagger". Defaults to
            `False`.
        epsilon: float. Of the norm. Defaults to 1e-5.
        init_gain: float. What the gain of the norm starts at. Defaults to 1,
            with which the adapter starts far from the identity.
        num_tasks, activation, kernel_initializer, **kwargs: as for
            `BottleneckAdapter`. Kernels default to a normal of standard
            deviation 0.01, as in the authors' code.

    Call arguments, returns: as for `BottleneckAdapter`.

    References:
     - [Mahabadi et al., 2021](https://arxiv.org/abs/2106.04489), section 2.2
    """

    def __init__(
        self,
        bottleneck_dim,
        shared_norm=False,
        epsilon=1e-5,
        init_gain=1.0,
        kernel_initializer=None,
        **kwargs,
    ):
        super().__init__(
            bottleneck_dim,
            kernel_initializer=kernel_initializer
            or keras.initializers.RandomNormal(stddev=0.01),
            **kwargs,
        )
        self.shared_norm = shared_norm
        self.epsilon = epsilon
        self.init_gain = init_gain

    def build(self, input_shape):
        super().build(input_shape)
        start = {
            "gamma": keras.initializers.Constant(self.init_gain),
            "beta": keras.initializers.Zeros(),
        }
        for name, initializer in start.items():
            if self.shared_norm:
                weight = self.add_weight(
                    name=name,
                    shape=(input_shape[-1],),
                    initializer=initializer,
                )
                setattr(self, name, weight)
            else:
                self.add_bank(name, (input_shape[-1],), initializer)

    def _adapt(self, weights, inputs):
        x = self._down(weights, inputs)
        x = bank.project(x, weights["up"], weights["up_bias"])
        return inputs + self._normalise(weights, x)

    def _normalise(self, weights, inputs):
        if self.shared_norm:
            gamma, beta = self.gamma, self.beta
        else:
            gamma = bank.over_tokens(weights["gamma"])
            beta = bank.over_tokens(weights["beta"])
        return normalise(inputs, gamma, beta, self.epsilon)

    def baked(self):
        kernels = self.kernels()
        if self.shared_norm:
            ones = ops.ones((self.num_tasks, 1))
            kernels |= {"gamma": ones * self.gamma, "beta": ones * self.beta}
        folded = FoldedAdapter(
            self.bottleneck_dim,
            epsilon=self.epsilon,
            num_tasks=self.num_tasks,
            activation=self.activation,
            dtype=self.dtype_policy,
            name=self.name,
        )
        folded.build((None, None, kernels["down"].shape[1]))
        folded.assign_from(kernels)
        return folded

    def get_config(self):
        return {
            **super().get_config(),
            "shared_norm": self.shared_norm,
            "epsilon": self.epsilon,
            "init_gain": self.init_gain,
        }

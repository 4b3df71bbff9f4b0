"""The hypernetwork that makes the weights of adapters."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="tf_adapters")
class AdapterGenerator(keras.layers.Layer):
    """Makes the weights of a `NormalizedAdapter` from a vector.

    Every weight is an affine map of the vector, reshaped. The gain of the norm
    is made as it is and not added to 1: it starts around 0, and with it the
    adapter near the identity.

    Args:
        hidden_dim: int. Width of what the adapter reads.
        bottleneck_dim: int. Size of its bottleneck.
        **kwargs: keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of shape `(num_tasks, dim)`.

    Returns:
        dict of `down`, `down_bias`, `up`, `up_bias`, `gamma` and `beta`,
        float32 Tensors of shape `(num_tasks, ...)`.

    References:
     - [Mahabadi et al., 2021](https://arxiv.org/abs/2106.04489), section 2.3.
       Kernels are drawn from a normal of standard deviation 0.01 and there are
       biases, as in the authors' code.
    """

    def __init__(self, hidden_dim, bottleneck_dim, **kwargs):
        kwargs["dtype"] = "float32"
        super().__init__(**kwargs)
        self.hidden_dim = hidden_dim
        self.bottleneck_dim = bottleneck_dim

    @property
    def shapes(self):
        """The shape of every weight that is made."""
        hidden_dim, units = self.hidden_dim, self.bottleneck_dim
        return {
            "down": (hidden_dim, units),
            "down_bias": (units,),
            "up": (units, hidden_dim),
            "up_bias": (hidden_dim,),
            "gamma": (hidden_dim,),
            "beta": (hidden_dim,),
        }

    def build(self, input_shape):
        for name, shape in self.shapes.items():
            dense = keras.layers.Dense(
                int(ops.prod(shape)),
                kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
                dtype="float32",
                name=name,
            )
            dense.build(input_shape)
            setattr(self, f"{name}_generator", dense)
        self.built = True

    def call(self, inputs):
        return {
            name: ops.reshape(
                getattr(self, f"{name}_generator")(inputs),
                (inputs.shape[0], *shape),
            )
            for name, shape in self.shapes.items()
        }

    def get_config(self):
        return {
            **super().get_config(),
            "hidden_dim": self.hidden_dim,
            "bottleneck_dim": self.bottleneck_dim,
        }

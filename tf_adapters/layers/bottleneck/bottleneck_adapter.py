"""The bottleneck adapter of Houlsby et al., one for each task."""

import keras

from tf_adapters.layers.activation import activation_name
from tf_adapters.layers.activation import get_activation
from tf_adapters.layers.banks import bank
from tf_adapters.layers.banks.task_layer import TaskLayer


@keras.saving.register_keras_serializable(package="tf_adapters")
class BottleneckAdapter(TaskLayer):
    """A two-layer bottleneck with an internal skip connection, per task.

    Computes, with the weights of each example's task,

        outputs = inputs + activation(inputs @ down + down_bias) @ up + up_bias

    It is position-wise and has neither dropout nor normalisation inside. With
    the default initialisers it starts as very nearly the identity.

    Args:
        bottleneck_dim: int. Size of the bottleneck.
        num_tasks: int. Number of tasks. Defaults to 1.
        activation: name or function. Defaults to `"gelu_approximate"`, the
            tanh approximation of GELU that the authors' code uses.
        kernel_initializer: initializer of both kernels. Defaults to a
            truncated normal of standard deviation 1e-3, the value of the
            authors' code; the paper says 1e-2 (section 3.6).
        **kwargs: keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of shape `(batch_size, sequence_length, hidden_dim)`.
        task_ids: int32 Tensor of shape `(batch_size,)`, or `()` if the whole
            batch belongs to one task. May be left out if there is one task.
        padding_mask: ignored; every slot hands it on.

    Returns:
        Tensor of the shape of `inputs`.

    Raises:
        ValueError: if `bottleneck_dim` is not positive.

    Example:

    >>> adapter = BottleneckAdapter(64, num_tasks=3)
    >>> hidden = keras.ops.ones((2, 16, 768))
    >>> adapter(hidden, task_ids=keras.ops.array([2, 0])).shape
    TensorShape([2, 16, 768])
    >>> adapter.count_params()  # 3 * (2 * 64 * 768 + 64 + 768)
    297408

    References:
     - [Houlsby et al., 2019](https://arxiv.org/abs/1902.00751), section 2.1
    """

    is_tokenwise = True

    def __init__(
        self,
        bottleneck_dim,
        num_tasks=1,
        activation="gelu_approximate",
        kernel_initializer=None,
        **kwargs,
    ):
        super().__init__(num_tasks=num_tasks, **kwargs)
        if bottleneck_dim < 1:
            raise ValueError(
                "`bottleneck_dim` must be at least 1. Received: "
                f"bottleneck_dim={bottleneck_dim}."
            )
        self.bottleneck_dim = bottleneck_dim
        self.activation = get_activation(activation)
        self.kernel_initializer = keras.initializers.get(
            kernel_initializer
            or keras.initializers.TruncatedNormal(stddev=1e-3)
        )

    def build(self, input_shape):
        hidden_dim, units = input_shape[-1], self.bottleneck_dim
        self.add_bank("down", (hidden_dim, units), self.kernel_initializer)
        self.add_bank("down_bias", (units,), keras.initializers.Zeros())
        self.add_bank("up", (units, hidden_dim), self.kernel_initializer)
        self.add_bank("up_bias", (hidden_dim,), keras.initializers.Zeros())
        self.built = True

    def call(self, inputs, task_ids=None, padding_mask=None):
        return self.apply_banks(self._adapt, self.kernels(), task_ids, inputs)

    def kernels(self):
        """The banks `down`, `down_bias`, `up` and `up_bias`, by name.

        A method that computes its kernels from other weights overrides this.
        """
        return self.cast_banks()

    def _adapt(self, weights, inputs):
        x = self._down(weights, inputs)
        return inputs + bank.project(x, weights["up"], weights["up_bias"])

    def _down(self, weights, inputs):
        activation = self._activation(weights)
        return bank.project(
            inputs, weights["down"], weights["down_bias"], activation
        )

    def _activation(self, weights):
        return self.activation

    def computed(self):
        if type(self).kernels is BottleneckAdapter.kernels:
            return {}
        return self.kernels()

    def baked(self):
        kernels = self.computed()
        if not kernels:
            return self
        plain = BottleneckAdapter(
            self.bottleneck_dim,
            num_tasks=self.num_tasks,
            activation=self.activation,
            dtype=self.dtype_policy,
            name=self.name,
        )
        plain.build((None, None, kernels["down"].shape[1]))
        for name, kernel in kernels.items():
            getattr(plain, name).assign(kernel)
        return plain

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "bottleneck_dim": self.bottleneck_dim,
            "activation": activation_name(self.activation),
            "kernel_initializer": keras.initializers.serialize(
                self.kernel_initializer
            ),
        }

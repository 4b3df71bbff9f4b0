"""The low-rank layer that PALs are compared with."""

import keras

from tf_adapters.layers.activation import activation_name
from tf_adapters.layers.activation import get_activation
from tf_adapters.layers.projected.projected_layer import ProjectedLayer


@keras.saving.register_keras_serializable(package="tf_adapters")
class LowRank(ProjectedLayer):
    """Into a narrow space of each task and out of it again.

        outputs = activation(inputs @ V^E) @ V^D        with biases

    Args:
        dim: int. Width of the narrow space. Defaults to 100.
        activation: name or function, applied in the narrow space. Defaults to
            `"gelu_exact"`, as in the authors' code; `"linear"` is the paper's
            map of rank `dim`.
        residual: bool. Whether `inputs` are added to the result, for slots
            whose result replaces what they read. Defaults to `False`.
        num_tasks, projections, **kwargs: as for `ProjectedLayer`.

    Call arguments, returns: as for `ProjectedLayer`.

    References:
     - [Stickland and Murray, 2019](https://arxiv.org/abs/1902.02671), section
       3.1 ("low-rank layers")
    """

    is_tokenwise = True

    def __init__(
        self, dim=100, activation="gelu_exact", residual=False, **kwargs
    ):
        super().__init__(dim, activation="linear", **kwargs)
        self.inner_activation = get_activation(activation)
        self.residual = residual

    def between(self, weights, inputs, padding_mask):
        return self.inner_activation(inputs)

    def call(self, inputs, task_ids=None, padding_mask=None):
        outputs = super().call(inputs, task_ids, padding_mask)
        return inputs + outputs if self.residual else outputs

    def get_config(self):
        return {
            **super().get_config(),
            "activation": activation_name(self.inner_activation),
            "residual": self.residual,
        }

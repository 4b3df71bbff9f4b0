"""A bias of each task, beside that of a dense layer (BitFit)."""

import keras
from keras import ops

from tf_adapters.layers.banks import bank
from tf_adapters.layers.banks.task_layer import TaskLayer


@keras.saving.register_keras_serializable(package="tf_adapters")
class TaskBias(TaskLayer):
    """What a task's bias differs by from the pretrained one.

    It does not read its inputs, only their shape. It starts at zero.

    Args:
        units: int. Width of the bias.
        num_tasks: int. Number of tasks. Defaults to 1.
        **kwargs: keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of shape `(batch_size, sequence_length, input_dim)`.
        task_ids: int32 Tensor of shape `(batch_size,)` or `()`.
        padding_mask: ignored; every slot hands it on.

    Returns:
        Tensor of shape `(batch_size, sequence_length, units)`.

    Raises:
        ValueError: if `units` is not positive.

    References:
     - [Ben Zaken et al., 2022](https://arxiv.org/abs/2106.10199), section 3
    """

    is_tokenwise = True

    def __init__(self, units, num_tasks=1, **kwargs):
        super().__init__(num_tasks=num_tasks, **kwargs)
        if units < 1:
            raise ValueError(
                f"`units` must be at least 1. Received: units={units}."
            )
        self.units = units

    def build(self, input_shape):
        self.add_bank("bias", (self.units,), keras.initializers.Zeros())
        self.built = True

    def call(self, inputs, task_ids=None, padding_mask=None):
        bias = bank.select(self.cast_banks()["bias"], task_ids)
        shape = (*ops.shape(inputs)[:2], self.units)
        return ops.broadcast_to(bank.over_tokens(bias), shape)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units}

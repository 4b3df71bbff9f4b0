"""Learning hidden unit contributions (LHUC): a scale for each unit."""

import keras
from keras import ops

from tf_adapters.layers.banks import bank
from tf_adapters.layers.banks.task_layer import TaskLayer


@keras.saving.register_keras_serializable(package="tf_adapters")
class HiddenUnitScale(TaskLayer):
    """Scales every hidden unit by a factor of each task, between 0 and 2.

        outputs = inputs * 2 * sigmoid(scale)

    `scale` starts at zero, so that the layer starts as the identity.

    Args:
        num_tasks: int. Number of tasks. Defaults to 1.
        **kwargs: keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of shape `(batch_size, sequence_length, hidden_dim)`.
        task_ids: int32 Tensor of shape `(batch_size,)` or `()`.
        padding_mask: ignored; every slot hands it on.

    Returns:
        Tensor of the shape of `inputs`.

    References:
     - [Swietojanski et al., 2016](https://arxiv.org/abs/1601.02828), as used by
       [Stickland and Murray, 2019](https://arxiv.org/abs/1902.02671), section 4
    """

    is_tokenwise = True

    def build(self, input_shape):
        self.add_bank("scale", (input_shape[-1],), keras.initializers.Zeros())
        self.built = True

    def call(self, inputs, task_ids=None, padding_mask=None):
        scale = bank.select(self.cast_banks()["scale"], task_ids)
        return inputs * bank.over_tokens(2 * ops.sigmoid(scale))

    def compute_output_shape(self, input_shape):
        return input_shape

"""A way into a narrow space and back, one for each task."""

import keras

from tf_adapters.layers.banks import bank
from tf_adapters.layers.banks.task_layer import TaskLayer


@keras.saving.register_keras_serializable(package="tf_adapters")
class TaskProjections(TaskLayer):
    """The projections of BERT and PALs, for several layers to share.

    `V^E` is `encoder` and `encoder_bias`, `V^D` is `decoder` and
    `decoder_bias`. A `ProjectedAttention`, `ProjectedFeedForward` or
    `LowRank` that is given it reads them, in the place of banks of its own.

    Args:
        dim: int. Width of the narrow space.
        num_tasks: int. Number of tasks. Defaults to 1.
        **kwargs: keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of shape `(batch_size, sequence_length, hidden_dim)`.
        task_ids: int32 Tensor of shape `(batch_size,)` or `()`.

    Returns:
        Tensor of the shape of `inputs`: encoded and decoded again, a linear
        map of rank `dim`.

    References:
     - [Stickland and Murray, 2019](https://arxiv.org/abs/1902.02671), section
       3.1. Kernels are drawn from a normal of standard deviation 0.02 and
       there are biases, as in the authors' code.

    Raises:
        ValueError: if `dim` is not positive.
    """

    def __init__(self, dim, num_tasks=1, **kwargs):
        super().__init__(num_tasks=num_tasks, **kwargs)
        check_dim(dim)
        self.dim = dim

    def build(self, input_shape):
        add_projections(self, input_shape[-1], self.dim)
        self.built = True

    def call(self, inputs, task_ids=None, padding_mask=None):
        banks = self.cast_banks()
        return self.apply_banks(self._compute, banks, task_ids, inputs)

    def _compute(self, weights, inputs):
        return decode(weights, encode(weights, inputs))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "dim": self.dim}


def check_dim(dim):
    """Refuses a space without width."""
    if dim < 1:
        raise ValueError(f"`dim` must be at least 1. Received: dim={dim}.")


def add_projections(layer, hidden_dim, dim):
    """Adds the four banks of the projections to a `TaskLayer`."""
    normal = keras.initializers.RandomNormal(stddev=0.02)
    zeros = keras.initializers.Zeros()
    layer.add_bank("encoder", (hidden_dim, dim), normal)
    layer.add_bank("encoder_bias", (dim,), zeros)
    layer.add_bank("decoder", (dim, hidden_dim), normal)
    layer.add_bank("decoder_bias", (hidden_dim,), zeros)


def encode(weights, inputs):
    """Projects into the narrow space, with selected weights."""
    return bank.project(inputs, weights["encoder"], weights["encoder_bias"])


def decode(weights, inputs):
    """Projects back out of the narrow space, with selected weights."""
    return bank.project(inputs, weights["decoder"], weights["decoder_bias"])

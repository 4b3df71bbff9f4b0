"""Vectors of each task that are put before the text (prompt tuning)."""

import keras
from keras import ops

from tf_adapters.layers.banks import bank
from tf_adapters.layers.banks.task_layer import TaskLayer


@keras.saving.register_keras_serializable(package="tf_adapters")
class Prompt(TaskLayer):
    """Puts trained vectors before the embeddings of a text.

    They start uniform in [-0.5, 0.5], or as words: see `start_from`.

    Args:
        length: int. Number of vectors.
        num_tasks: int. Number of tasks. Defaults to 1.
        **kwargs: keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of shape `(batch_size, sequence_length, hidden_dim)`.
        task_ids: int32 Tensor of shape `(batch_size,)` or `()`.
        padding_mask: ignored; every slot hands it on.

    Returns:
        Tensor of shape `(batch_size, length + sequence_length, hidden_dim)`.

    Raises:
        ValueError: if `length` is not positive.

    References:
     - [Lester et al., 2021](https://arxiv.org/abs/2104.08691), section 2
    """

    def __init__(self, length, num_tasks=1, **kwargs):
        super().__init__(num_tasks=num_tasks, **kwargs)
        if length < 1:
            raise ValueError(
                f"`length` must be at least 1. Received: length={length}."
            )
        self.length = length

    def build(self, input_shape):
        uniform = keras.initializers.RandomUniform(-0.5, 0.5)
        self.add_bank("prompt", (self.length, input_shape[-1]), uniform)
        self.built = True

    def start_from(self, vectors):
        """Lets every task, those added later too, start from given vectors.

        Args:
            vectors: array of shape `(length, hidden_dim)`.
        """
        self.start_later_tasks_from(vectors)
        start = ops.broadcast_to(vectors, self.prompt.shape)
        self.prompt.assign(start)

    def start_later_tasks_from(self, vectors):
        """Lets tasks that are added from now on start from given vectors.

        Args:
            vectors: array of shape `(length, hidden_dim)`.
        """
        self._initializers["prompt"] = (tuple(vectors.shape), vectors)

    def call(self, inputs, task_ids=None, padding_mask=None):
        prompt = bank.select(self.cast_banks()["prompt"], task_ids)
        shape = (ops.shape(inputs)[0], self.length, inputs.shape[-1])
        prompt = ops.broadcast_to(prompt, shape)
        return ops.concatenate([prompt, inputs], axis=1)

    def compute_output_shape(self, input_shape):
        batch_size, length, dim = input_shape
        length = None if length is None else self.length + length
        return (batch_size, length, dim)

    def get_config(self):
        return {**super().get_config(), "length": self.length}

"""A vector for each task, which hypernetworks make adapters from."""

import keras

from tf_adapters.layers.banks.task_layer import TaskLayer


@keras.saving.register_keras_serializable(package="tf_adapters")
class TaskEmbedding(TaskLayer):
    """What a task is to a hypernetwork.

    It is never called: a `GeneratedAdapter` reads its bank `embedding`.

    Args:
        dim: int. Size of the vector. Defaults to 64.
        num_tasks: int. Number of tasks. Defaults to 1.
        **kwargs: keyword arguments of `keras.layers.Layer`.

    Raises:
        ValueError: if `dim` is not positive.

    References:
     - [Mahabadi et al., 2021](https://arxiv.org/abs/2106.04489), section 2.3;
       drawn from a standard normal, as in the authors' code
    """

    # Hypernetworks work in float32; what they make is cast.
    autocast_banks = False

    def __init__(self, dim=64, num_tasks=1, **kwargs):
        super().__init__(num_tasks=num_tasks, **kwargs)
        if dim < 1:
            raise ValueError(f"`dim` must be at least 1. Received: dim={dim}.")
        self.dim = dim

    def build(self, input_shape=None):
        normal = keras.initializers.RandomNormal(stddev=1.0)
        self.add_bank("embedding", (self.dim,), normal)
        self.built = True

    def get_config(self):
        return {**super().get_config(), "dim": self.dim}

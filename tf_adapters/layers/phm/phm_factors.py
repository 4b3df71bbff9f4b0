"""The PHM factors of each task, for several layers to share."""

import keras

from tf_adapters.layers.banks.task_layer import TaskLayer
from tf_adapters.layers.phm.phm_weights import add_factors
from tf_adapters.layers.phm.phm_weights import check_division


@keras.saving.register_keras_serializable(package="tf_adapters")
class PHMFactors(TaskLayer):
    """The matrices `B_i` of one kernel, held once for all layers.

    It is never called: a `PHMDense` or `PHMBottleneckAdapter` reads its banks
    in the place of factors of its own.

    Args:
        input_dim: int. Rows of the kernel.
        units: int. Columns of the kernel.
        phm_dim: int. `n`, which divides both.
        rank: int. Rank of every matrix, or `None` for any. Defaults to `None`.
        num_tasks: int. Number of tasks. Defaults to 1.
        **kwargs: keyword arguments of `keras.layers.Layer`.

    Raises:
        ValueError: if `phm_dim` does not divide a size.

    References:
     - [Mahabadi et al., 2021](https://arxiv.org/abs/2106.04647), section 3.2
    """

    autocast_banks = False

    def __init__(
        self, input_dim, units, phm_dim, rank=None, num_tasks=1, **kwargs
    ):
        super().__init__(num_tasks=num_tasks, **kwargs)
        check_division(phm_dim, input_dim=input_dim, units=units)
        self.input_dim = input_dim
        self.units = units
        self.phm_dim = phm_dim
        self.rank = rank

    def build(self, input_shape=None):
        sizes = (self.input_dim, self.units, self.phm_dim, self.rank)
        add_factors(self, "kernel", *sizes)
        self.built = True

    def get_config(self):
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "units": self.units,
            "phm_dim": self.phm_dim,
            "rank": self.rank,
        }

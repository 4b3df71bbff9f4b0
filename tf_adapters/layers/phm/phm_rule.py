"""A PHM rule of each task, for several layers to share."""

import keras

from tf_adapters.layers.banks.task_layer import TaskLayer
from tf_adapters.layers.phm.phm_weights import add_rule


@keras.saving.register_keras_serializable(package="tf_adapters")
class PHMRule(TaskLayer):
    """The matrices `A_i`, held once for all layers that are given it.

    It is never called: a `PHMDense` or `PHMBottleneckAdapter` reads its banks
    in the place of a rule of its own.

    Args:
        phm_dim: int. `n`, the number and the size of the matrices.
        factorize: bool. Whether every matrix is a column times a row. Defaults
            to `False`.
        learn: bool. Whether it is trained. Defaults to `True`.
        initializer: a Keras initializer. Defaults to a normal of standard
            deviation 1e-4, as in the authors' code.
        num_tasks: int. Number of tasks. Defaults to 1.
        **kwargs: keyword arguments of `keras.layers.Layer`.

    References:
     - [Mahabadi et al., 2021](https://arxiv.org/abs/2106.04647), section 3.2
    """

    autocast_banks = False

    def __init__(
        self,
        phm_dim,
        factorize=False,
        learn=True,
        initializer=None,
        num_tasks=1,
        **kwargs,
    ):
        super().__init__(num_tasks=num_tasks, **kwargs)
        if phm_dim < 1:
            raise ValueError(
                f"`phm_dim` must be at least 1. Received: phm_dim={phm_dim}."
            )
        self.phm_dim = phm_dim
        self.factorize = factorize
        self.learn = learn
        self.initializer = keras.initializers.get(
            initializer or keras.initializers.RandomNormal(stddev=1e-4)
        )

    def build(self, input_shape=None):
        how = (self.initializer, self.factorize, self.learn)
        add_rule(self, "rule", self.phm_dim, *how)
        self.built = True

    def get_config(self):
        return {
            **super().get_config(),
            "phm_dim": self.phm_dim,
            "factorize": self.factorize,
            "learn": self.learn,
            "initializer": keras.initializers.serialize(self.initializer),
        }

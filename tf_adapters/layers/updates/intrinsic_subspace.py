"""Updates of many weights that a task draws from one narrow space."""

import collections
import math

import keras
from keras import ops

from tf_adapters.layers.banks import bank
from tf_adapters.layers.banks.task_layer import TaskLayer
from tf_adapters.layers.updates.fastfood import Fastfood


@keras.saving.register_keras_serializable(package="tf_adapters")
class IntrinsicSubspace(TaskLayer):
    """Random projections of one vector a task to updates of weights.

    The update of weight i is `scales[i] * P_i(z)`, reshaped, where P_i is a
    `Fastfood` projection. `z` starts at zero and `scales` at one, so that
    nothing is added at first. It is built with a list of shapes, and has no
    `call`: see `draw` and `updates`.

    Args:
        dim: int. Number of weights of a task, those of `z` and `scales`
            together. Defaults to 20,000.
        seed: int. Draws the projections. Defaults to 0.
        num_tasks: int. Number of tasks. Defaults to 1.
        **kwargs: keyword arguments of `keras.layers.Layer`.

    Raises:
        ValueError: if `dim` is not positive, or not above the number of shapes,
            or `seed` is not one of 32 bits.

    References:
     - [Aghajanyan et al., 2021](https://arxiv.org/abs/2012.13255), section 3
    """

    # Entries of `z` are small, and many are summed.
    autocast_banks = False

    def __init__(self, dim=20_000, seed=0, num_tasks=1, **kwargs):
        super().__init__(num_tasks=num_tasks, **kwargs)
        if dim < 1 or not 0 <= seed < 2**32:
            raise ValueError(
                "`dim` must be at least 1, and `seed` 0 or more, of 32 bits. "
                f"Received: dim={dim}, seed={seed}."
            )
        self.dim = dim
        self.seed = seed

    def build(self, shapes):
        if self.dim <= len(shapes):
            raise ValueError(
                "`dim` must exceed the number of tensors that are updated, "
                "since each has a scale of its own. Received: "
                f"dim={self.dim}, for {len(shapes)} tensors. Write "
                f"dim={len(shapes) + 1} or more."
            )
        width = self.dim - len(shapes)
        self.add_bank("z", (width,), keras.initializers.Zeros())
        self.add_bank("scales", (len(shapes),), keras.initializers.Ones())
        self._shapes = tuple(tuple(shape) for shape in shapes)
        of_size = collections.defaultdict(list)
        for i, shape in enumerate(self._shapes):
            of_size[math.prod(shape)].append(i)
        # An encoder has hundreds of tensors, of few sizes.
        self._groups = tuple(
            (own, Fastfood(width, size, [[self.seed, i] for i in own]))
            for size, own in of_size.items()
        )
        self.built = True

    def draw(self):
        """Draws the projections, if that has not been done.

        Must be called outside of any graph.
        """
        for _, projection in self._groups:
            projection.draw()

    def updates(self, task_id=None):
        """Returns what is added to each weight for a task.

        Args:
            task_id: int32 Tensor of shape `()`. One task may leave it out.

        Returns:
            list of float32 Tensors, of the shapes that this was built with.

        Raises:
            ValueError: if there are several tasks and no `task_id`.
        """
        z = ops.cast(bank.select(self.z, task_id), "float32")
        scales = ops.cast(bank.select(self.scales, task_id), "float32")
        found = {}
        for own, projection in self._groups:
            updates = ops.take(scales, own)[:, None] * projection(z)
            for i, update in zip(own, ops.unstack(updates), strict=True):
                found[i] = ops.reshape(update, self._shapes[i])
        return [found[i] for i in range(len(found))]

    def get_config(self):
        return {**super().get_config(), "dim": self.dim, "seed": self.seed}

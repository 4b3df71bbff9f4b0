"""An adapter whose weights a hypernetwork makes at every step."""

import keras
from keras import ops

from tf_adapters.layers.bottleneck.normalized_adapter import NormalizedAdapter
from tf_adapters.layers.hypernetwork.adapter_generator import AdapterGenerator
from tf_adapters.layers.hypernetwork.condition import Condition
from tf_adapters.layers.hypernetwork.task_embedding import TaskEmbedding


@keras.saving.register_keras_serializable(package="tf_adapters")
class GeneratedAdapter(NormalizedAdapter):
    """The adapter of HyperFormer in one slot.

    Its weights are made once a step for every task, from the task's embedding
    and the place of the slot, and gathered for each example as those of other
    adapters are.

    Args:
        bottleneck_dim: int. Size of the bottleneck.
        tasks: a `TaskEmbedding`, shared with other adapters.
        condition: a `Condition`, shared with other adapters, or `None` to
            generate from the embedding as it is.
        generator: an `AdapterGenerator`, shared with other adapters, or `None`
            for one of its own.
        layer, position: ints, as for `Condition`.
        num_tasks, activation, **kwargs: as for `BottleneckAdapter`.

    Call arguments, returns: as for `BottleneckAdapter`.

    Raises:
        ValueError: if `num_tasks` is not that of `tasks`.

    References:
     - [Mahabadi et al., 2021](https://arxiv.org/abs/2106.04489), section 2
    """

    def __init__(
        self,
        bottleneck_dim,
        tasks,
        condition=None,
        generator=None,
        layer=0,
        position=0,
        **kwargs,
    ):
        super().__init__(bottleneck_dim, **kwargs)
        if tasks.num_tasks != self.num_tasks:
            raise ValueError(
                "`num_tasks` must be that of `tasks`. Received: num_tasks="
                f"{self.num_tasks}, and embeddings of {tasks.num_tasks} tasks."
            )
        self.tasks = tasks
        self.condition = condition
        self.generator = generator
        self.owns_generator = generator is None
        self.layer = layer
        self.position = position

    def build(self, input_shape):
        if self.generator is None:
            self.generator = AdapterGenerator(
                input_shape[-1], self.bottleneck_dim, name="generator"
            )
        for part, shape in (
            (self.tasks, None),
            (self.condition, None),
            (self.generator, (None, self.tasks.dim)),
        ):
            if part is not None and not part.built:
                part.build(shape)
        self.built = True

    def kernels(self):
        x = ops.convert_to_tensor(self.tasks.embedding)
        if self.condition is not None:
            x = self.condition(x, layer=self.layer, position=self.position)
        return {
            name: ops.cast(weight, self.compute_dtype)
            for name, weight in self.generator(x).items()
        }

    def get_config(self):
        condition = self.condition
        generator = None if self.owns_generator else self.generator.get_config()
        return {
            **super().get_config(),
            "tasks": self.tasks.get_config(),
            "condition": condition and condition.get_config(),
            "generator": generator,
            "layer": self.layer,
            "position": self.position,
        }

    @classmethod
    def from_config(cls, config):
        condition, generator = config["condition"], config["generator"]
        parts = {
            "tasks": TaskEmbedding.from_config(config["tasks"]),
            "condition": condition and Condition.from_config(condition),
            "generator": generator and AdapterGenerator.from_config(generator),
        }
        return cls(**{**config, **parts})

"""HyperFormer: adapters that hypernetworks make from task embeddings."""

from tf_adapters import layers
from tf_adapters.methods.bottleneck.normalized_adapters import (
    NormalizedAdapters,
)
from tf_adapters.methods.method import Method

# The authors number the slots of a layer so.
POSITIONS = {"feedforward": 0, "attention": 1}


class _Hypernetworks(Method):
    """What the three models have in common."""

    layer_norms = "shared"

    def __init__(
        self,
        bottleneck_dim=24,
        embedding_dim=64,
        projector_dim=128,
        activation="gelu_approximate",
    ):
        sizes = {
            "bottleneck_dim": bottleneck_dim,
            "embedding_dim": embedding_dim,
            "projector_dim": projector_dim,
        }
        for name, size in sizes.items():
            if size < 1:
                raise ValueError(
                    f"`{name}` must be at least 1. Received: {name}={size}."
                )
        self.bottleneck_dim = bottleneck_dim
        self.embedding_dim = embedding_dim
        self.projector_dim = projector_dim
        self.activation = layers.activation_name(activation)

    def shared_layers(self, shape):
        tasks = layers.TaskEmbedding(
            self.embedding_dim, num_tasks=shape.num_tasks, name="tasks"
        )
        return {"tasks": tasks}

    def slot_layer(self, slot, index, shape, shared):
        if slot not in POSITIONS:
            return None
        return layers.GeneratedAdapter(
            self.bottleneck_dim,
            tasks=shared["tasks"],
            condition=shared.get("condition"),
            generator=shared.get("generator") or shared.get(slot),
            layer=index,
            position=POSITIONS[slot],
            activation=self.activation,
            num_tasks=shape.num_tasks,
            dtype=shape.dtype,
            name=f"{slot}_adapter",
        )

    def plain(self):
        return NormalizedAdapters(self.bottleneck_dim, self.activation)

    def get_config(self):
        return {
            "bottleneck_dim": self.bottleneck_dim,
            "embedding_dim": self.embedding_dim,
            "projector_dim": self.projector_dim,
            "activation": self.activation,
        }

    def _condition(self, shape, num_positions):
        return layers.Condition(
            self.embedding_dim,
            num_layers=shape.num_layers,
            num_positions=num_positions,
            projector_dim=self.projector_dim,
            name="condition",
        )

    def _generator(self, shape, name):
        return layers.AdapterGenerator(
            shape.hidden_dim, self.bottleneck_dim, name=name
        )


class HyperFormerPlusPlus(_Hypernetworks):
    """One hypernetwork makes the adapters of all tasks, layers and slots.

    The encoder is frozen but for its LayerNorms, which all tasks train
    together, as they do the hypernetwork. Each task owns its embedding and its
    head.

    Args:
        bottleneck_dim: int. Size of the bottleneck. Defaults to 24, a 32nd of
            the width of BERT-base.
        embedding_dim: int. Size of the embeddings of tasks, layers and
            positions. Defaults to 64.
        projector_dim: int. Units of the network that joins the three. Defaults
            to 128.
        activation: str. Activation inside the adapter. Defaults to
            `"gelu_approximate"`.

    Raises:
        ValueError: if a size is not positive.

    References:
     - [Mahabadi et al., 2021](https://arxiv.org/abs/2106.04489), section 2.4
    """

    def shared_layers(self, shape):
        return {
            **super().shared_layers(shape),
            "condition": self._condition(shape, len(POSITIONS)),
            "generator": self._generator(shape, "generator"),
        }


class HyperFormerShared(_Hypernetworks):
    """Two hypernetworks, one for each slot, make the adapters of all layers.

    What the file `hyperformer.json` of the authors' code builds. All else is
    as in `HyperFormerPlusPlus`.

    Args: as for `HyperFormerPlusPlus`.

    References:
     - [Mahabadi et al., 2021](https://arxiv.org/abs/2106.04489), and the
       authors' code
    """

    def shared_layers(self, shape):
        generators = {slot: self._generator(shape, slot) for slot in POSITIONS}
        return {
            **super().shared_layers(shape),
            "condition": self._condition(shape, 0),
            **generators,
        }


class HyperFormer(_Hypernetworks):
    """A hypernetwork in every slot of every layer.

    It makes adapters from the embedding of the task as it is. All else is as
    in `HyperFormerPlusPlus`.

    Args:
        bottleneck_dim, embedding_dim, activation: as for
            `HyperFormerPlusPlus`.

    References:
     - [Mahabadi et al., 2021](https://arxiv.org/abs/2106.04489), section 2.3
    """

    def __init__(
        self, bottleneck_dim=24, embedding_dim=64, activation="gelu_approximate"
    ):
        super().__init__(bottleneck_dim, embedding_dim, activation=activation)

    def get_config(self):
        config = super().get_config()
        del config["projector_dim"]
        return config

"""What a hypernetwork is told: the task, and where its adapter goes."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="tf_adapters")
class Condition(keras.layers.Layer):
    """Projects a task, a layer and a position to one vector.

    Concatenates the embeddings, in this order, and computes

        norm(relu(x @ W1 + b1) @ W2 + b2)

    The norm is what makes the vector, and with it the generated weights, large
    enough to be of use.

    Args:
        dim: int. Size of every embedding and of the result. Defaults to 64.
        num_layers: int. Number of layers to tell apart, 0 for none.
        num_positions: int. Number of positions in a layer to tell apart, 0 for
            none. Defaults to 2: 0 after feed-forward, 1 after attention.
        projector_dim: int. Units between. Defaults to 128.
        **kwargs: keyword arguments of `keras.layers.Layer`.

    Call arguments:
        tasks: Tensor of shape `(num_tasks, dim)`.
        layer, position: ints.

    Returns:
        Tensor of shape `(num_tasks, dim)`.

    References:
     - [Mahabadi et al., 2021](https://arxiv.org/abs/2106.04489), sections 2.3
       and 2.4. Embeddings are drawn from a standard normal, as in the authors'
       code. Weights are drawn with a variance of 2 / inputs, where the code has
       1e-4. What comes out of the norm is the same, as a factor of W1 or W2
       does not pass it; but before the norm there is a vector of size 1 and
       not 0.01, which a step of Adam would turn around.
    """

    def __init__(
        self, dim=64, num_layers=0, num_positions=2, projector_dim=128, **kwargs
    ):
        # What is generated is cast; the network itself stays in float32.
        kwargs["dtype"] = "float32"
        super().__init__(**kwargs)
        self.dim = dim
        self.num_layers = num_layers
        self.num_positions = num_positions
        self.projector_dim = projector_dim

    def build(self, input_shape=None):
        for name, count in (
            ("layers", self.num_layers),
            ("positions", self.num_positions),
        ):
            if count:
                table = self.add_weight(
                    name=name,
                    shape=(count, self.dim),
                    initializer=keras.initializers.RandomNormal(stddev=1.0),
                )
                setattr(self, f"{name}_table", table)
        parts = 1 + bool(self.num_layers) + bool(self.num_positions)
        self.hidden = keras.layers.Dense(
            self.projector_dim,
            activation="relu",
            kernel_initializer="he_normal",
            dtype="float32",
            name="hidden",
        )
        self.hidden.build((None, parts * self.dim))
        self.projection = keras.layers.Dense(
            self.dim,
            kernel_initializer="he_normal",
            dtype="float32",
            name="projection",
        )
        self.projection.build((None, self.projector_dim))
        self.norm = keras.layers.LayerNormalization(
            epsilon=1e-6, dtype="float32", name="norm"
        )
        self.norm.build((None, self.dim))
        self.built = True

    def call(self, tasks, layer=0, position=0):
        parts = [tasks]
        if self.num_layers:
            parts.append(self._repeat(self.layers_table[layer], tasks))
        if self.num_positions:
            parts.append(self._repeat(self.positions_table[position], tasks))
        x = ops.concatenate(parts, axis=-1)
        return self.norm(self.projection(self.hidden(x)))

    def _repeat(self, row, tasks):
        return ops.broadcast_to(row, tasks.shape)

    def get_config(self):
        return {
            **super().get_config(),
            "dim": self.dim,
            "num_layers": self.num_layers,
            "num_positions": self.num_positions,
            "projector_dim": self.projector_dim,
        }

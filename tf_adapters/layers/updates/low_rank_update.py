"""The low-rank update of a dense layer (LoRA), one for each task."""

import keras
from keras import ops

from tf_adapters.layers.banks import bank
from tf_adapters.layers.banks.task_layer import TaskLayer


@keras.saving.register_keras_serializable(package="tf_adapters")
class LowRankUpdate(TaskLayer):
    """What LoRA adds to the result of a dense layer.

    Computes, with the weights of each example's task,

        outputs = alpha / rank * (inputs @ a) @ b

    `b` starts at zero, so that nothing is added at first.

    Args:
        units: int. Width of the result of the dense layer.
        rank: int. Defaults to 8.
        alpha: float. Defaults to 16.
        dropout: float. Rate applied to the inputs. Defaults to 0.
        num_tasks: int. Number of tasks. Defaults to 1.
        **kwargs: keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of shape `(batch_size, sequence_length, input_dim)`.
        task_ids: int32 Tensor of shape `(batch_size,)` or `()`.
        padding_mask: ignored; every slot hands it on.

    Returns:
        Tensor of shape `(batch_size, sequence_length, units)`.

    Raises:
        ValueError: if `rank` or `units` is not positive.

    References:
     - [Hu et al., 2022](https://arxiv.org/abs/2106.09685), section 4.1. `a` is
       drawn as in the authors' code, uniform with He's bound for a gain of
       sqrt(1 / 3).
    """

    is_tokenwise = True

    def __init__(
        self, units, rank=8, alpha=16.0, dropout=0.0, num_tasks=1, **kwargs
    ):
        super().__init__(num_tasks=num_tasks, **kwargs)
        if rank < 1 or units < 1:
            raise ValueError(
                "`rank` and `units` must be at least 1. Received: "
                f"rank={rank}, units={units}."
            )
        self.units = units
        self.rank = rank
        self.alpha = alpha
        self.dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy)

    def build(self, input_shape):
        # Bound sqrt(1 / fan_in), which is sqrt(3 * scale / fan_in) for 1 / 3.
        uniform = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
        self.add_bank("a", (input_shape[-1], self.rank), uniform)
        zeros = keras.initializers.Zeros()
        self.add_bank("b", (self.rank, self.units), zeros)
        self.built = True

    def call(self, inputs, task_ids=None, padding_mask=None):
        x = self.dropout(inputs)
        return self.apply_banks(self._update, self.cast_banks(), task_ids, x)

    def _update(self, weights, inputs):
        x = bank.project(inputs, weights["a"]) * (self.alpha / self.rank)
        return bank.project(x, weights["b"])

    def merged(self, dense):
        """Returns a dense layer that includes the update.

        Args:
            dense: the built `Dense` or `EinsumDense` beside this layer, which
                has one task. It stays as it is.
        """
        new = type(dense).from_config(dense.get_config())
        # The output projection of attention reads heads and their units.
        equation = getattr(dense, "equation", "abc,cd->abd")
        read_axes = equation.index(",") - 2
        shape = dense.kernel.shape[:read_axes]
        new.build((None, None, *shape))
        update = ops.matmul(self.a[0], self.b[0]) * (self.alpha / self.rank)
        update = ops.reshape(update, dense.kernel.shape)
        new.kernel.assign(dense.kernel + ops.cast(update, dense.kernel.dtype))
        if dense.bias is not None:
            new.bias.assign(dense.bias)
        return new

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "rank": self.rank,
            "alpha": self.alpha,
            "dropout": self.dropout.rate,
        }

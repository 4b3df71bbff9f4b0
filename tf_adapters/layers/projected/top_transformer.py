"""A whole transformer layer of each task, on top of the encoder."""

import keras

from tf_adapters.layers.activation import activation_name
from tf_adapters.layers.activation import get_activation
from tf_adapters.layers.banks.task_layer import TaskLayer
from tf_adapters.layers.projected.attention import check_heads
from tf_adapters.layers.projected.attention_block import add_attention_block
from tf_adapters.layers.projected.attention_block import add_dense
from tf_adapters.layers.projected.attention_block import add_norm
from tf_adapters.layers.projected.attention_block import attention_block
from tf_adapters.layers.projected.attention_block import dense
from tf_adapters.layers.projected.attention_block import norm


@keras.saving.register_keras_serializable(package="tf_adapters")
class TopTransformer(TaskLayer):
    """One BERT layer for each task, after the last layer that all share.

    Args:
        num_heads: int. Attention heads.
        intermediate_dim: int. Width of the feed-forward sub-layer.
        activation: name or function, of the feed-forward sub-layer. Defaults
            to `"gelu_exact"`.
        dropout: float. Rate applied to the attention probabilities and to the
            output of both sub-layers. Defaults to 0.1.
        num_tasks: int. Number of tasks. Defaults to 1.
        **kwargs: keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of shape `(batch_size, sequence_length, hidden_dim)`.
        task_ids: int32 Tensor of shape `(batch_size,)` or `()`.
        padding_mask: Tensor of shape `(batch_size, sequence_length)`, nonzero
            where there is a token.

    Returns:
        Tensor of the shape of `inputs`.

    Raises:
        ValueError: if `intermediate_dim` is not positive; on `build`, if
            `num_heads` does not divide `hidden_dim`.

    References:
     - [Stickland and Murray, 2019](https://arxiv.org/abs/1902.02671), section
       3.2 ("BERT layer on top")
    """

    def __init__(
        self,
        num_heads,
        intermediate_dim,
        activation="gelu_exact",
        dropout=0.1,
        num_tasks=1,
        **kwargs,
    ):
        super().__init__(num_tasks=num_tasks, **kwargs)
        if intermediate_dim < 1:
            raise ValueError(
                "`intermediate_dim` must be at least 1. Received: "
                f"intermediate_dim={intermediate_dim}."
            )
        self.num_heads = num_heads
        self.intermediate_dim = intermediate_dim
        self.activation = get_activation(activation)
        self.dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy)

    def build(self, input_shape):
        dim, units = input_shape[-1], self.intermediate_dim
        check_heads(dim, self.num_heads)
        add_attention_block(self, dim)
        add_dense(self, "intermediate", dim, units)
        add_dense(self, "feedforward", units, dim)
        add_norm(self, "feedforward", dim)
        self.built = True

    def call(self, inputs, task_ids=None, padding_mask=None):
        return self.apply_banks(
            self._compute, self.cast_banks(), task_ids, inputs, padding_mask
        )

    def _compute(self, weights, inputs, padding_mask):
        attended = attention_block(
            weights, inputs, self.num_heads, padding_mask, self.dropout
        )
        x = dense(weights, "intermediate", attended, self.activation)
        x = self.dropout(dense(weights, "feedforward", x))
        return norm(weights, "feedforward", x + attended)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "intermediate_dim": self.intermediate_dim,
            "activation": activation_name(self.activation),
            "dropout": self.dropout.rate,
        }

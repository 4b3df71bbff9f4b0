"""Narrow attention blocks of each task, on top of the encoder."""

import keras

from tf_adapters.layers.banks.task_layer import TaskLayer
from tf_adapters.layers.projected.attention import check_heads
from tf_adapters.layers.projected.attention_block import add_attention_block
from tf_adapters.layers.projected.attention_block import attention_block
from tf_adapters.layers.projected.task_projections import add_projections
from tf_adapters.layers.projected.task_projections import decode
from tf_adapters.layers.projected.task_projections import encode


@keras.saving.register_keras_serializable(package="tf_adapters")
class TopAttention(TaskLayer):
    """Attention blocks in a narrow space, instead of the last hidden state.

    Computes `block(...block(inputs @ V^E)...) @ V^D` with the weights of each
    example's task, where a block is BERT's post-norm attention sub-layer. There
    is no skip connection around the whole: the slot `top`.

    Args:
        dim: int. Width of the narrow space. Defaults to 204.
        num_blocks: int. Number of blocks. Defaults to 6.
        num_heads: int. Heads of `dim // num_heads` units. Defaults to 12.
        dropout: float. Rate applied to the attention probabilities and to the
            output of every block. Defaults to 0.1.
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
        ValueError: if `num_heads` does not divide `dim`, or `num_blocks` is
            not positive.

    References:
     - [Stickland and Murray, 2019](https://arxiv.org/abs/1902.02671), section
       3.2. The LayerNorms start at a gain of 1; the authors' code draws it
       around 0, by an oversight.
    """

    def __init__(
        self,
        dim=204,
        num_blocks=6,
        num_heads=12,
        dropout=0.1,
        num_tasks=1,
        **kwargs,
    ):
        super().__init__(num_tasks=num_tasks, **kwargs)
        check_heads(dim, num_heads)
        if num_blocks < 1:
            raise ValueError(
                "`num_blocks` must be at least 1. Received: "
                f"num_blocks={num_blocks}."
            )
        self.dim = dim
        self.num_blocks = num_blocks
        self.num_heads = num_heads
        self.dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy)

    def build(self, input_shape):
        add_projections(self, input_shape[-1], self.dim)
        add_attention_block(self, self.dim, stack=(self.num_blocks,))
        self.built = True

    def call(self, inputs, task_ids=None, padding_mask=None):
        return self.apply_banks(
            self._compute, self.cast_banks(), task_ids, inputs, padding_mask
        )

    def _compute(self, weights, inputs, padding_mask):
        x = encode(weights, inputs)
        for i in range(self.num_blocks):
            block = {
                name: _block(name, weights[name], i)
                for name in weights
                if name.startswith("attention_")
            }
            x = attention_block(
                block, x, self.num_heads, padding_mask, self.dropout
            )
        return decode(weights, x)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "dim": self.dim,
            "num_blocks": self.num_blocks,
            "num_heads": self.num_heads,
            "dropout": self.dropout.rate,
        }


def _block(name, weight, index):
    # The blocks are stacked before the axes of a vector or of a kernel.
    is_vector = name.endswith(("_bias", "_gamma", "_beta"))
    return weight[..., index, :] if is_vector else weight[..., index, :, :]

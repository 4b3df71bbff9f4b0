"""The projected attention layer (PAL) of Stickland and Murray."""

import keras

from tf_adapters.layers.banks import bank
from tf_adapters.layers.projected.attention import attend
from tf_adapters.layers.projected.attention import attention_shares
from tf_adapters.layers.projected.attention import check_heads
from tf_adapters.layers.projected.attention import split_heads
from tf_adapters.layers.projected.projected_layer import ProjectedLayer
from tf_adapters.layers.projected.task_projections import encode


@keras.saving.register_keras_serializable(package="tf_adapters")
class ProjectedAttention(ProjectedLayer):
    """Multi-head attention in a narrow space of each task.

    Computes, with the weights of each example's task,

        outputs = activation(attention(inputs @ V^E) @ V^D)

    where every projection has a bias and the attention has no output
    projection. It reads the input of a transformer layer and joins its second
    residual sum: the slot `parallel`.

    Args:
        dim: int. Width of the narrow space. Defaults to 204.
        num_heads: int. Heads of `dim // num_heads` units. Defaults to 12, as
            in section 4.2 of the paper; the authors' code has 6.
        dropout: float. Rate applied to the attention probabilities. Defaults
            to 0.1.
        num_tasks, projections, activation, **kwargs: as for `ProjectedLayer`.

    Call arguments, returns: as for `ProjectedLayer`.

    Raises:
        ValueError: if `num_heads` does not divide `dim`.

    Example:

    >>> pal = ProjectedAttention(204, num_heads=12, num_tasks=8)
    >>> hidden = keras.ops.ones((2, 16, 768))
    >>> pal(hidden, task_ids=keras.ops.array([7, 0])).shape
    TensorShape([2, 16, 768])

    References:
     - [Stickland and Murray, 2019](https://arxiv.org/abs/1902.02671), section
       3.1. The activation after `V^D` is that of the authors' code.
    """

    def __init__(self, dim=204, num_heads=12, dropout=0.1, **kwargs):
        super().__init__(dim, **kwargs)
        check_heads(dim, num_heads)
        self.num_heads = num_heads
        self.dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy)

    def build_between(self):
        normal = keras.initializers.RandomNormal(stddev=0.02)
        zeros = keras.initializers.Zeros()
        for name in ("query", "key", "value"):
            self.add_bank(name, (self.dim, self.dim), normal)
            self.add_bank(f"{name}_bias", (self.dim,), zeros)

    def between(self, weights, inputs, padding_mask):
        query, key, value = (
            bank.project(inputs, weights[name], weights[f"{name}_bias"])
            for name in ("query", "key", "value")
        )
        return attend(
            query, key, value, self.num_heads, padding_mask, self.dropout
        )

    def attention_shares(self, inputs, task_ids=None, padding_mask=None):
        """Returns how much each token takes of each, to look at.

        Args:
            inputs, task_ids, padding_mask: as for `call`.

        Returns:
            float32 Tensor of shape `(batch_size, num_heads, sequence_length,
            sequence_length)`, whose rows add up to 1.
        """

        def compute(weights, inputs, padding_mask):
            x = encode(weights, inputs)
            query, key = (
                split_heads(
                    bank.project(x, weights[name], weights[f"{name}_bias"]),
                    self.num_heads,
                )[0]
                for name in ("query", "key")
            )
            scale = query.shape[-1] ** -0.5
            return attention_shares(query * scale, key, padding_mask)

        banks = self.cast_banks(self.projections)
        return self.apply_banks(compute, banks, task_ids, inputs, padding_mask)

    def get_config(self):
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "dropout": self.dropout.rate,
        }

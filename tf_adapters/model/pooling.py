"""What the heads read of an encoded sentence."""

from etils import epy

with epy.lazy_imports():
    from keras import ops

POOLINGS = ("pooler", "first", "mean")


def check_pooling(pooling):
    """Refuses an unknown pooling."""
    if pooling not in POOLINGS:
        raise ValueError(
            f"`pooling` must be one of {', '.join(POOLINGS)}. Received: "
            f"pooling={pooling!r}."
        )


def pool(outputs, padding_mask, pooling):
    """Returns one vector a sentence.

    Args:
        outputs: dict of `sequence_output`, `(batch_size, sequence_length,
            hidden_dim)`, and `pooled_output`, `(batch_size, hidden_dim)`.
        padding_mask: Tensor of shape `(batch_size, sequence_length)`.
        pooling: `"pooler"`, `"first"` or `"mean"`.

    Returns:
        Tensor of shape `(batch_size, hidden_dim)`.
    """
    if pooling == "pooler":
        return outputs["pooled_output"]
    sequence = outputs["sequence_output"]
    if pooling == "first":
        return sequence[:, 0, :]
    mask = ops.cast(padding_mask, sequence.dtype)[:, :, None]
    total = ops.sum(sequence * mask, axis=1)
    return total / ops.maximum(ops.sum(mask, axis=1), 1)

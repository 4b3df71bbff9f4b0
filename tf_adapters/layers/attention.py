"""Multi-head attention over what has been projected already."""

from keras import ops


def attend(query, key, value, num_heads, padding_mask=None, dropout=None):
    """Computes scaled dot-product attention, heads concatenated.

    Args:
        query, key, value: Tensors of shape `(batch_size, sequence_length,
            units)`.
        num_heads: int. Heads, each of `units // num_heads` units.
        padding_mask: Tensor of shape `(batch_size, sequence_length)`, nonzero
            where there is a token. Defaults to `None`, no padding.
        dropout: layer that is applied to the attention probabilities.
            Defaults to `None`.

    Returns:
        Tensor of shape `(batch_size, sequence_length, units)`.
    """
    query, key, value = (_heads(x, num_heads) for x in (query, key, value))
    scale = query.shape[-1] ** -0.5
    scores = ops.matmul(query * scale, ops.swapaxes(key, -1, -2))
    scores = ops.cast(scores, "float32")
    if padding_mask is not None:
        is_token = ops.cast(padding_mask, "bool")[:, None, None, :]
        scores = ops.where(is_token, scores, -1e9)
    shares = ops.cast(ops.softmax(scores, axis=-1), value.dtype)
    if dropout is not None:
        shares = dropout(shares)
    mixed = ops.swapaxes(ops.matmul(shares, value), 1, 2)
    return _flat(mixed)


def check_heads(dim, num_heads):
    """Refuses a width that heads do not divide.

    Raises:
        ValueError: if `dim` is not a positive multiple of `num_heads`.
    """
    if dim < 1 or num_heads < 1 or dim % num_heads:
        raise ValueError(
            "`dim` must be a positive multiple of `num_heads`, or the heads "
            "together would be narrower than what reads them. Received: "
            f"dim={dim}, num_heads={num_heads}."
        )


def _heads(x, num_heads):
    shape = ops.shape(x)
    units = x.shape[-1] // num_heads
    x = ops.reshape(x, (shape[0], shape[1], num_heads, units))
    return ops.swapaxes(x, 1, 2)


def _flat(x):
    shape = ops.shape(x)
    units = x.shape[-2] * x.shape[-1]
    return ops.reshape(x, (shape[0], shape[1], units))

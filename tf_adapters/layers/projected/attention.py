"""Multi-head attention over what has been projected already."""

from keras import ops

# Added to the score of a padded token: what is left of its share is zero.
_PADDED = -1e9


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
    query, key, value = (
        split_heads(x, num_heads)[0] for x in (query, key, value)
    )
    scale = query.shape[-1] ** -0.5
    return merge_heads(mix(query * scale, key, value, padding_mask, dropout))


def mix(query, key, value, padding_mask=None, dropout=None):
    """Mixes the values of the tokens, for each query in its own way.

    Args:
        query: Tensor of shape `(batch_size, num_heads, num_queries, units)`,
            scaled.
        key, value: Tensors of shape `(batch_size, num_heads, sequence_length,
            units)`.
        padding_mask, dropout: as for `attend`.

    Returns:
        Tensor of the shape of `query`.
    """
    shares = ops.cast(attention_shares(query, key, padding_mask), value.dtype)
    if dropout is not None:
        shares = dropout(shares)
    return ops.matmul(shares, value)


def attention_shares(query, key, padding_mask=None):
    """Returns how much each query takes of each token.

    Args:
        query, key, padding_mask: as for `mix`.

    Returns:
        float32 Tensor of shape `(batch_size, num_heads, num_queries,
        sequence_length)`, whose rows add up to 1.
    """
    scores = ops.matmul(query, ops.swapaxes(key, -1, -2))
    scores = ops.cast(scores, "float32")
    if padding_mask is not None:
        is_padding = 1 - ops.cast(ops.cast(padding_mask, "bool"), "float32")
        scores = scores + _PADDED * is_padding[:, None, None, :]
    return ops.softmax(scores, axis=-1)


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


def split_heads(x, num_heads, count=1):
    """Takes apart what one product projected.

    Args:
        x: Tensor of shape `(batch_size, sequence_length, count * num_heads *
            units)`: `count` projections side by side.
        num_heads: int.
        count: int. Defaults to 1.

    Returns:
        list of `count` Tensors of shape `(batch_size, num_heads,
        sequence_length, units)`.
    """
    batch_size, sequence_length = ops.shape(x)[:2]
    units = x.shape[-1] // (count * num_heads)
    shape = (batch_size, sequence_length, count, num_heads, units)
    # One transposition for all of them.
    return ops.unstack(ops.transpose(ops.reshape(x, shape), (2, 0, 3, 1, 4)))


def merge_heads(x):
    """Puts heads side by side.

    Args:
        x: Tensor of shape `(batch_size, num_heads, sequence_length, units)`.

    Returns:
        Tensor of shape `(batch_size, sequence_length, num_heads * units)`.
    """
    batch_size, num_heads, sequence_length, units = ops.shape(x)
    x = ops.swapaxes(x, 1, 2)
    return ops.reshape(x, (batch_size, sequence_length, num_heads * units))

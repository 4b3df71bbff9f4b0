"""A prompt before the text: made, started from words, hidden again."""

from keras import ops


def make_prompt(method, backbone, shape, shared):
    """Makes the layer in the slot `prompt`.

    Args:
        method: a `Method`.
        backbone: the stock backbone.
        shape: its `EncoderShape`.
        shared: what `Method.shared_layers` returned.

    Returns:
        Tuple of the built layer and a function without arguments that returns
        the embeddings of the words that it starts from, as they are now, an
        array of shape `(length, embedding_dim)`. Both may be `None`.

    Raises:
        ValueError: if the vocabulary does not have these words.
    """
    prompt = method.slot_layer("prompt", 0, shape, shared)
    if prompt is None:
        return None, None
    table = backbone.token_embedding.embeddings
    prompt.build((None, None, table.shape[1]))
    words = method.first_words()
    if words is None:
        return prompt, None
    _check_words(words, table.shape[0])

    # A function, since Keras would track the table a second time.
    def first_words():
        rows = ops.take(table, list(words), axis=0)
        return ops.convert_to_numpy(rows)

    prompt.start_from(first_words())
    return prompt, first_words


def unmasked(padding_mask, length):
    """Puts `length` tokens, none of them padding, before a padding mask.

    Args:
        padding_mask: Tensor of shape `(batch_size, sequence_length)`.
        length: int.

    Returns:
        Tensor of shape `(batch_size, length + sequence_length)`.
    """
    shape = (ops.shape(padding_mask)[0], length)
    ones = ops.ones(shape, padding_mask.dtype)
    return ops.concatenate([ones, padding_mask], axis=1)


def _check_words(words, vocabulary_size):
    if max(words) >= vocabulary_size:
        raise ValueError(
            "A prompt must start from words of the vocabulary. Received: rows "
            f"up to {max(words)} of {vocabulary_size}. Write a smaller "
            "`first_word` or `length`."
        )

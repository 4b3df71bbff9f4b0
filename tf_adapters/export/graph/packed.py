"""Texts as the tokens that an encoder takes."""

from collections.abc import Iterable

import tensorflow as tf

from tf_adapters.data.batches.text_encoder import TextEncoder


def packed(
    encoder: TextEncoder,
    names: Iterable[str],
    text: tf.Tensor,
    text_pair: tf.Tensor,
    is_pair: tf.Tensor,
) -> dict[str, tf.Tensor]:
    """Tokenises and pads to the most tokens of an example.

    Args:
        encoder: a `TextEncoder`.
        names: what the backbone takes: `token_ids`, `padding_mask` and, if it
            has them, `segment_ids`.
        text, text_pair, is_pair: as for a call of `encoder`.

    Returns:
        dict from each of `names` to an int32 Tensor of shape `(batch_size,
        encoder.sequence_length)`.
    """
    ids, first = encoder(text, text_pair, is_pair)
    lengths = tf.cast(ids.row_lengths(), tf.int32)
    width = encoder.sequence_length
    columns = tf.range(width)[None, :]
    in_text = columns < lengths[:, None]
    in_second = in_text & (columns >= first[:, None])
    tokens = {
        "token_ids": ids.to_tensor(encoder.pad_id, shape=(None, width)),
        "segment_ids": tf.cast(in_second, tf.int32),
        "padding_mask": tf.cast(in_text, tf.int32),
    }
    return {name: tokens[name] for name in names}

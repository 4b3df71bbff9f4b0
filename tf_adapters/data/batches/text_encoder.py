"""Text to token ids, the same in training and inside the SavedModel."""

import numpy as np
import tensorflow as tf

from tf_adapters.data.batches.text_normaliser import clean
from tf_adapters.data.batches.text_normaliser import without_folding

_CHUNK = 4096


class TextEncoder:
    """Tokenises sentences and sentence pairs, and packs them for BERT.

    A sentence becomes `[CLS] a [SEP]`, a pair `[CLS] a [SEP] b [SEP]` with
    segment 1 from `b` on. RoBERTa and XLM-R take a second separator between
    the two. What is too long is truncated longest-first: tokens are taken
    from the end of whichever text is longer, from the second at a tie, which
    is what BERT's own code does. Special tokens that are written in a text, as
    `[SEP]`, are text: no text can end its own segment.

    Args:
        tokenizer: a `keras_nlp` tokenizer with start and end tokens.
        sequence_length: int. The most tokens of an example, special ones
            included. Defaults to 128.

    Attributes:
        normalise: function from a string Tensor to what of it is tokenised.
        tokenizer: what tokenises it then, which folds nothing.

    Raises:
        ValueError: if `sequence_length` leaves no room for text, or the
            tokenizer has no start and end tokens.
    """

    def __init__(self, tokenizer, sequence_length: int = 128):
        if sequence_length < 8:
            raise ValueError(
                "`sequence_length` must be at least 8, to leave room for the "
                "text of a pair between the special tokens. Received: "
                f"sequence_length={sequence_length}."
            )
        self.normalise, self.tokenizer = without_folding(tokenizer)
        self.sequence_length = sequence_length
        self.start_id = _special(tokenizer, "cls_token_id", "start_token_id")
        self.end_id = _special(tokenizer, "sep_token_id", "end_token_id")
        self.pad_id = _special(tokenizer, "pad_token_id", "pad_token_id")
        # RoBERTa and XLM-R call their special tokens start and end.
        self.num_separators = 1 if hasattr(tokenizer, "sep_token_id") else 2

    def __call__(self, texts, text_pairs, is_pair):
        """Encodes a batch of texts, in graph mode and in eager mode.

        Args:
            texts: string Tensor of shape `(batch_size,)`.
            text_pairs: string Tensor of shape `(batch_size,)`; read only
                where `is_pair` is true.
            is_pair: bool Tensor of shape `(batch_size,)`.

        Returns:
            Tuple of a RaggedTensor of token ids, `(batch_size, None)`, and
            an int32 Tensor of shape `(batch_size,)`: the number of tokens
            that belong to segment 0.
        """
        if tf.executing_eagerly():
            return self._compiled(texts, text_pairs, is_pair)
        first = self._tokenize(texts)
        second = self._tokenize(tf.where(is_pair, text_pairs, ""))
        pairs = tf.cast(is_pair, tf.int32)
        room = self.sequence_length - 2 - pairs * self.num_separators
        first_size = tf.cast(first.row_lengths(), tf.int32)
        second_size = tf.cast(second.row_lengths(), tf.int32)
        first_size, second_size = longest_first(first_size, second_size, room)
        start = _repeated(self.start_id, tf.ones_like(pairs))
        end = _repeated(self.end_id, tf.ones_like(pairs))
        middle = _repeated(self.end_id, pairs * (self.num_separators - 1))
        last = _repeated(self.end_id, pairs)
        first = _truncated(first, first_size)
        second = _truncated(second, second_size)
        tokens = tf.concat([start, first, end, middle, second, last], axis=1)
        return tokens, first_size + 2

    def encode(
        self, texts: list[str], text_pairs: list[str] | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Encodes any number of texts at once.

        Args:
            texts: list of str.
            text_pairs: list of str of the same length, or `None`.

        Returns:
            Tuple of int32 arrays: all token ids one after the other, the
            number of tokens of each example, and the number of its tokens
            that belong to segment 0.
        """
        is_pair = text_pairs is not None
        tokens, lengths, firsts = [], [], []
        for i in range(0, len(texts), _CHUNK):
            chunk = tf.constant(texts[i : i + _CHUNK])
            pairs = text_pairs[i : i + _CHUNK] if is_pair else chunk
            ids, first = self._compiled(
                chunk, tf.constant(pairs), tf.fill(tf.shape(chunk), is_pair)
            )
            tokens.append(ids.flat_values.numpy())
            lengths.append(ids.row_lengths().numpy().astype("int32"))
            firsts.append(first.numpy())
        return tuple(map(np.concatenate, (tokens, lengths, firsts)))

    def num_special(self, is_pair: bool) -> int:
        """Returns how many tokens of an example are not of its texts."""
        return 2 + is_pair * self.num_separators

    def is_blank(self, texts):
        """Returns a bool Tensor: where nothing is left of a text."""
        left = tf.strings.strip(clean(self.normalise(texts)))
        return tf.equal(left, "")

    @property
    def _compiled(self):
        # In graph mode KerasNLP tokenises with tensorflow-text: many times
        # faster than with the Python it uses in eager mode, into lists.
        if not hasattr(self, "_function"):
            text = tf.TensorSpec((None,), tf.string)
            flag = tf.TensorSpec((None,), tf.bool)
            self._function = tf.function(
                self, input_signature=[text, text, flag]
            )
        return self._function

    def _tokenize(self, texts):
        return tf.cast(self.tokenizer(self.normalise(texts)), tf.int32)


def longest_first(first, second, room):
    """Returns how many tokens of each text stay.

    Args:
        first, second: int32 Tensors of shape `(batch_size,)`, the number of
            tokens of the two texts.
        room: int32 Tensor of shape `(batch_size,)`, the most of both together.

    Returns:
        Tuple of two int32 Tensors of shape `(batch_size,)`.
    """
    half = (room + 1) // 2
    first = tf.minimum(first, tf.maximum(half, room - second))
    return first, tf.minimum(second, room - first)


def _truncated(tokens, sizes):
    starts = tokens.row_starts()
    ranges = tf.ragged.range(starts, starts + tf.cast(sizes, starts.dtype))
    return tf.gather(tokens.flat_values, ranges)


def _repeated(token_id, counts):
    values = tf.fill([tf.reduce_sum(counts)], tf.constant(token_id, tf.int32))
    return tf.RaggedTensor.from_row_lengths(values, tf.cast(counts, tf.int64))


def _special(tokenizer, *names):
    for name in names:
        if getattr(tokenizer, name, None) is not None:
            return getattr(tokenizer, name)
    raise ValueError(
        f"`tokenizer` must have `{names[0]}` or `{names[-1]}`. Received: "
        f"{type(tokenizer).__name__}. Use the tokenizer of a KerasNLP encoder."
    )

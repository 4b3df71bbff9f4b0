"""Text as the checkpoint's own tokenizer reads it, before KerasNLP's does.

KerasNLP's WordPiece folds case by NFKC, which takes more apart than BERT's own
code: an ellipsis becomes three dots, a sharp s two letters. It takes a no-break
space for a letter, and ends a text at its first NUL. Here the folding is that
of BERT's code; KerasNLP is left to split words and to look them up.
"""

from collections.abc import Callable

import keras_nlp
import tensorflow as tf
import tensorflow_text as tf_text

_SPACE = r"[\t\n\r\p{Z}]"
# U+0000 and U+FFFD, and what neither shows nor separates.
_REMOVED = "[\x00\ufffd\\p{Cc}\\p{Cf}]"
_ACCENT = r"\p{Mn}"


def clean(texts: tf.Tensor) -> tf.Tensor:
    """Makes every white space a space and leaves out control characters.

    Args:
        texts: string Tensor. What is not UTF-8 is left out too.

    Returns:
        string Tensor of the same shape.
    """
    texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8")
    texts = tf.strings.regex_replace(texts, _SPACE, " ")
    return tf.strings.regex_replace(texts, _REMOVED, "")


def without_folding(
    tokenizer,
) -> tuple[Callable[[tf.Tensor], tf.Tensor], object]:
    """Takes a tokenizer apart into normalising and all that follows.

    Args:
        tokenizer: a `keras_nlp` tokenizer. Those that are not WordPiece do as
            their checkpoints do and stay as they are.

    Returns:
        Tuple of the function that normalises a string Tensor, and a tokenizer
        of the same vocabulary that folds nothing.
    """
    if not isinstance(tokenizer, keras_nlp.tokenizers.WordPieceTokenizer):
        return tf.identity, tokenizer
    lowercase, strip_accents = tokenizer.lowercase, tokenizer.strip_accents

    def normalise(texts):
        texts = clean(texts)
        if strip_accents:
            texts = tf_text.normalize_utf8(texts, "NFD")
            texts = tf.strings.regex_replace(texts, _ACCENT, "")
        if lowercase:
            # Not by where in a word it stands, as TensorFlow would.
            texts = tf.strings.regex_replace(texts, "\u03a3", "\u03c3")
            texts = tf.strings.lower(texts, "utf-8")
        return texts

    plain = type(tokenizer).from_config(
        {
            **tokenizer.get_config(),
            "vocabulary": tokenizer.get_vocabulary(),
            "lowercase": False,
            "strip_accents": False,
        }
    )
    return normalise, plain

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

# Tab, newline, return and what Unicode calls a separator, but for the space.
_SPACE = (
    r"[\t\n\r\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}"
    r"\x{3000}]"
)
# U+0000 and U+FFFD, and what neither shows nor separates.
_REMOVED = "[\x00\ufffd\\p{Cc}\\p{Cf}]"
_ACCENT = "[\\p{Mn}\ufffd]"


def clean(texts: tf.Tensor) -> tf.Tensor:
    """Makes every white space a space and leaves out control characters.

    Args:
        texts: string Tensor. What is not UTF-8 is left out too.

    Returns:
        string Tensor of the same shape.
    """
    texts = tf.strings.regex_replace(texts, _SPACE, " ")
    texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8")
    return tf.strings.regex_replace(texts, _REMOVED, "")


def _without_nul(texts):
    return tf.strings.regex_replace(texts, "\x00", "")


def _without_accents(texts):
    texts = tf_text.normalize_utf8(texts, "NFD")
    return tf.strings.regex_replace(texts, _ACCENT, "")


def without_folding(
    tokenizer,
) -> tuple[Callable[[tf.Tensor], tf.Tensor], object]:
    """Takes a tokenizer apart into normalising and all that follows.

    Args:
        tokenizer: a `keras_nlp` tokenizer. Those that are not WordPiece read
            text as their checkpoints do and stay as they are; they too would
            end at a NUL, which is left out.

    Returns:
        Tuple of the function that normalises a string Tensor, and a tokenizer
        of the same vocabulary that folds nothing.
    """
    if not isinstance(tokenizer, keras_nlp.tokenizers.WordPieceTokenizer):
        return _without_nul, tokenizer
    lowercase, strip_accents = tokenizer.lowercase, tokenizer.strip_accents

    def fold(texts):
        if not lowercase:
            texts = clean(texts)
            return _without_accents(texts) if strip_accents else texts
        texts = tf.strings.regex_replace(texts, _SPACE, " ")
        # Before NFD, which ends at a NUL.
        texts = tf.strings.regex_replace(texts, _REMOVED, "")
        # Not by where in a word it stands, as TensorFlow would.
        texts = tf.strings.regex_replace(texts, "\u03a3", "\u03c3")
        # It makes U+FFFD of what is not UTF-8, at less cost than transcoding.
        texts = tf.strings.lower(texts, "utf-8")
        if strip_accents:
            return _without_accents(texts)
        return tf.strings.regex_replace(texts, "\ufffd", "")

    plain = type(tokenizer).from_config(
        {
            **tokenizer.get_config(),
            "vocabulary": tokenizer.get_vocabulary(),
            "lowercase": False,
            "strip_accents": False,
            # KerasNLP leaves it out of the config.
            "split_on_cjk": tokenizer.split_on_cjk,
        }
    )
    return fold, plain

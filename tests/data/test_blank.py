import sys
import unicodedata

import tensorflow as tf

from tf_adapters.data.batches.text_normaliser import clean
from tf_adapters.data.blank import is_blank


def test_it_is_what_tensorflow_leaves_nothing_of():
    chars = [chr(i) for i in range(sys.maxunicode + 1)]
    chars = [c for c in chars if unicodedata.category(c) not in ("Cn", "Cs")]
    left = tf.strings.strip(clean(tf.constant(chars))).numpy()
    different = [
        f"U+{ord(char):04X}"
        for char, text in zip(chars, left, strict=True)
        if is_blank(char) != (text == b"")
    ]
    assert different == []


def test_by_hand():
    assert is_blank("")
    assert is_blank(" \t\u00a0\u200b\x00\ufffd")
    assert not is_blank("\u200bx")
    assert not is_blank("\u0301")

"""What of a text can be read at all."""

import unicodedata

_UNREAD = ("Cc", "Cf", "Zs", "Zl", "Zp")


def is_blank(text: str) -> bool:
    """Returns whether a text is nothing but white space and control characters.

    The same as `clean` of `text_normaliser` leaves nothing of, without
    TensorFlow.
    """
    return all(
        char == "\ufffd" or unicodedata.category(char) in _UNREAD
        for char in text
    )

"""Texts that clients send, and their tests would not."""

# Of these nothing is left: white space, control characters, what is no UTF-8.
BLANK = (b"", b" ", b"\t\n\r", b"\0", b"\xff\xfe", "\u200b\u00a0".encode())
ODD = (
    b"a good film",
    b"a\0good\0film",
    b"\xff a \xc3",
    b"\xed\xa0\x80 bad",
    b"[SEP] [PAD] good",
    "a 😀👩‍👩‍👧 film".encode(),
    "‏סרט טוב‎ is good".encode(),
    b"e" + "\u0301".encode() * 300,
    "電影".encode() * 50,
    b"good " * 300,
    b"a" * 3000,
)

"""Compares token ids with those of Hugging Face's tokenizer."""

import numpy as np
import pytest

from tf_adapters.data.batches.text_encoder import TextEncoder
from tf_adapters.encoder.pretrained import minilm_folder

# Left out is what tensorflow-text normalises in another way, NFKC and case
# folding: "ß", ligatures and fractions, Hangul, zero-width joiners, no-break
# spaces and NUL. Special tokens in a text are text to KerasNLP.
PIECES = [
    "The quick brown fox doesn't jump",
    "U.S. GDP rose 2.5% in Q3 -- or so they say...",
    "naïve café, über, Ångström, İstanbul",
    "don't can't won't y'all'd've",
    "中文字符 mixed with English and 日本語 カタカナ",
    "привет мир, как дела?",
    "مرحبا بالعالم",
    "emoji 😀👍🏽 and ❤️",
    "tabs\tand\nnewlines\r\nand   spaces ",
    "http://example.com/a?b=c&d=%20 user@mail.org #tag @name",
    "$100,000.00 €5 £3 ¥7 ±2 ©",
    "“curly” ‘quotes’ – dashes — and • bullets",
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "x" * 100,
    "x" * 101,
    "[unused1] ##ing ## # a##b",
    "combining e\u0301 a\u0308 n\u0303",
    "rare han 𠜎",
    "(a)(b){c}[d]<e>|f|\\g/`h`~i^j",
    "ALL CAPS AND MiXeD cAsE",
    "ไทย हिन्दी தமிழ் ქართული Ελληνικά",
]

# Leaves an even number of tokens to a pair: at an odd one, Hugging Face gives
# the last to the longer text and BERT's own code to the first.
LENGTH = 65


@pytest.fixture(scope="module")
def folder():
    return str(minilm_folder())


def pairs(count=200):
    random = np.random.default_rng(0)

    def text():
        return " ".join(random.choice(PIECES, random.integers(1, 6)))

    return [(text(), text()) for _ in range(count)]


@pytest.mark.pretrained
def test_token_ids_are_those_of_hugging_face(folder):
    import transformers

    from tf_adapters.encoder import pretrained

    config = transformers.AutoConfig.from_pretrained(folder)
    load = pretrained._load_hugging_face_tokenizer
    own = TextEncoder(load(minilm_folder(), config), LENGTH)
    reference = transformers.BertTokenizer.from_pretrained(folder)
    firsts, seconds = map(list, zip(*pairs(), strict=True))
    token_ids, lengths, first_lengths = own.encode(firsts, seconds)
    rows = np.split(token_ids, np.cumsum(lengths)[:-1])
    for i, row in enumerate(rows):
        expected = reference(
            firsts[i], seconds[i], truncation=True, max_length=LENGTH
        )
        assert row.tolist() == expected["input_ids"], (firsts[i], seconds[i])
        assert first_lengths[i] == expected["token_type_ids"].index(1)

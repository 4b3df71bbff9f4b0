"""Compares token ids with those of Hugging Face's tokenizer."""

import sys
import unicodedata

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies

from tf_adapters.data.batches.text_encoder import TextEncoder
from tf_adapters.data.blank import is_blank
from tf_adapters.encoder.pretrained import minilm_folder

# Special tokens are left out: in a text they are text here, and special there.
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
    "Straße, ﬁne ligatures, ½ and ²… ΑΣ",
    "한국어 단어",
    "no\u00a0break\u2003spaces\u3000here, wonder\u200bful soft\u00adhyphen",
    "nul\x00l and \ufffd and \x07bell",
    "👨\u200d👩\u200d👧 family",
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


@pytest.fixture(scope="module")
def own(folder):
    import transformers

    from tf_adapters.encoder import pretrained

    config = transformers.AutoConfig.from_pretrained(folder)
    load = pretrained._load_hugging_face_tokenizer
    return TextEncoder(load(minilm_folder(), config), LENGTH)


@pytest.fixture(scope="module")
def reference(folder):
    import transformers

    return transformers.BertTokenizer.from_pretrained(folder)


def ids_of(encoder, texts):
    token_ids, lengths, _ = encoder.encode(texts)
    cuts = np.cumsum(lengths)[:-1]
    return [row.tolist() for row in np.split(token_ids, cuts)]


@pytest.mark.pretrained
def test_token_ids_are_those_of_hugging_face(own, reference):
    firsts, seconds = map(list, zip(*pairs(), strict=True))
    token_ids, lengths, first_lengths = own.encode(firsts, seconds)
    rows = np.split(token_ids, np.cumsum(lengths)[:-1])
    for i, row in enumerate(rows):
        expected = reference(
            firsts[i], seconds[i], truncation=True, max_length=LENGTH
        )
        assert row.tolist() == expected["input_ids"], (firsts[i], seconds[i])
        assert first_lengths[i] == expected["token_type_ids"].index(1)


@pytest.mark.large
@pytest.mark.pretrained
def test_so_they_are_for_every_code_point_that_both_know(own, reference):
    """Inside a word. What Unicode has added lately, one side does not know."""
    points = [
        i
        for i in range(sys.maxunicode + 1)
        if unicodedata.category(chr(i)) not in ("Cn", "Co", "Cs")
    ]
    texts = [f"won{chr(i)}der" for i in points]
    expected = reference(texts)["input_ids"]
    found = ids_of(own, texts)
    differing = [
        point
        for point, a, b in zip(points, found, expected, strict=True)
        if a != b
    ]
    assert len(points) > 140_000
    assert len(differing) < 800
    assert min(differing) > 0x600
    # Of Unicode 3.2 both know all but what has become of another kind since.
    old = [
        f"U+{point:04X}"
        for point in differing
        if unicodedata.ucd_3_2_0.category(chr(point))
        == unicodedata.category(chr(point))
    ]
    assert old == []


@pytest.mark.large
@pytest.mark.pretrained
@hypothesis.settings(max_examples=200, deadline=None, derandomize=True)
@hypothesis.given(
    strategies.text(
        strategies.characters(max_codepoint=0x5FF, exclude_categories=["Cn"]),
        min_size=1,
        max_size=40,
    )
)
def test_so_they_are_for_any_text(own, reference, text):
    hypothesis.assume(not is_blank(text) and "[" not in text)
    expected = reference(text, truncation=True, max_length=LENGTH)["input_ids"]
    assert ids_of(own, [text]) == [expected]

import keras_nlp
import pytest
import tensorflow as tf

from tf_adapters.data.batches.encoded import EncodedExamples
from tf_adapters.data.batches.text_encoder import TextEncoder
from tf_adapters.data.batches.text_normaliser import clean
from tf_adapters.data.batches.text_normaliser import without_folding
from tf_adapters.data.examples import Examples
from tf_adapters.data.task import Task

WORDS = ["a", "b", "ss", "...", "fi"]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]


def normalised(text, **settings):
    tokenizer = keras_nlp.tokenizers.BertTokenizer(VOCABULARY, **settings)
    normalise, plain = without_folding(tokenizer)
    assert (plain.lowercase, plain.strip_accents) == (False, False)
    return normalise(tf.constant([text])).numpy()[0].decode()


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a\tb\nc\rd\u00a0e\u3000f\u2028g", "a b c d e f g"),
        ("a\x00b\x07c\u200bd\u00ade\ufefff\ufffdg", "abcdefg"),
        ("no change: \u00e9 \u2026 \u00df \ufb01", None),
    ],
)
def test_what_is_white_or_unreadable(text, expected):
    found = clean(tf.constant(text)).numpy().decode()
    assert found == (text if expected is None else expected)


def test_bytes_that_are_no_text_are_left_out():
    assert clean(tf.constant(b"a\xff\xfeb\xc3")).numpy() == b"ab"


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Caf\u00e9", "cafe"),
        # Neither NFKC nor case folding: one letter or sign stays one.
        (
            "Stra\u00dfe \u2026 \ufb01 \u00bd",
            "stra\u00dfe \u2026 \ufb01 \u00bd",
        ),
        # The letter and its dot, which is a mark of its own.
        ("\u0130stanbul", "istanbul"),
        # A syllable of Hangul and its two letters.
        ("\uac00", "\u1100\u1161"),
        # A sigma is the same letter at the end of a word.
        ("\u0391\u03a3", "\u03b1\u03c3"),
    ],
)
def test_an_uncased_tokenizer_folds_as_bert_does(text, expected):
    found = normalised(text, lowercase=True, strip_accents=True)
    assert found == expected


def test_case_and_accents_are_kept_where_the_tokenizer_keeps_them():
    text = "Caf\u00e9\u00a0\u0130"
    settings = {"lowercase": False, "strip_accents": False}
    assert normalised(text, **settings) == "Caf\u00e9 \u0130"
    settings = {"lowercase": True, "strip_accents": False}
    assert normalised("CAF\u00c9", **settings) == "caf\u00e9"
    settings = {"lowercase": False, "strip_accents": True}
    assert normalised("CAF\u00c9", **settings) == "CAFE"


@pytest.mark.parametrize("lowercase", [False, True])
@pytest.mark.parametrize("strip_accents", [False, True])
def test_so_are_they_whatever_is_folded(lowercase, strip_accents):
    tokenizer = keras_nlp.tokenizers.BertTokenizer(
        VOCABULARY, lowercase=lowercase, strip_accents=strip_accents
    )
    normalise, _ = without_folding(tokenizer)
    found = normalise(tf.constant([b"a\xff\xfeb\xc3", b"\x00\xc2\xa0c\x07"]))
    assert found.numpy().tolist() == [b"ab", b" c"]


def test_a_tokenizer_of_another_kind_stays_as_it_is():
    tokenizer = keras_nlp.tokenizers.ByteTokenizer()
    normalise, same = without_folding(tokenizer)
    assert same is tokenizer
    assert normalise(tf.constant("\u00c9\t")).numpy().decode() == "\u00c9\t"


@pytest.fixture(scope="module")
def encoder():
    return TextEncoder(
        keras_nlp.tokenizers.BertTokenizer(
            VOCABULARY, lowercase=True, strip_accents=True
        )
    )


def test_nothing_after_a_null_byte_is_lost(encoder):
    ids, *_ = encoder.encode(["a \x00b"])
    assert ids.tolist() == [2, 5, 6, 3]


def test_special_tokens_in_a_text_end_no_segment(encoder):
    ids, lengths, firsts = encoder.encode(["a [SEP] b"], ["a"])
    assert ids.tolist().count(3) == 2
    assert firsts.tolist() == [lengths[0] - 2]


@pytest.mark.parametrize(
    "text", ["", " ", "\x00", "\u00a0\u200b", "\u0301", "\ufffd"]
)
def test_what_leaves_nothing_is_refused(encoder, text):
    single = Task(name="one", text_columns=("text",), labels=("no", "yes"))
    with pytest.raises(ValueError, match="must have text.*row 1 of 'one'"):
        EncodedExamples.encode(encoder, Examples(single, (["a", text],), None))
    blank = encoder.is_blank(tf.constant([text, "a"]))
    assert blank.numpy().tolist() == [True, False]
    # One text of a pair is enough.
    pair = Task(name="two", text_columns=("a", "b"), labels=("no", "yes"))
    examples = Examples(pair, (["a"], [text]), None)
    assert EncodedExamples.encode(encoder, examples).lengths == [4]
    with pytest.raises(ValueError, match="must have text.*row 0 of 'two'"):
        EncodedExamples.encode(encoder, Examples(pair, ([text], [text]), None))

import keras_nlp
import numpy as np
import pytest
import tensorflow as tf

from tf_adapters.data.batches.text_encoder import TextEncoder
from tf_adapters.data.batches.text_encoder import longest_first

WORDS = ["a", "b", "c", "d", "e", "f", "g", "h", "##x", "!"]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
PAD, UNK, CLS, SEP, _ = range(5)
A, B, C, D, E, F, G, H, X, MARK = range(5, 15)


class RobertaLikeTokenizer:
    """Names its special tokens as KerasNLP's RoBERTa and XLM-R do."""

    start_token_id, pad_token_id, end_token_id = 0, 1, 2

    def __call__(self, texts):
        words = tf.strings.split(texts)
        return tf.ragged.map_flat_values(tf.strings.to_number, words, tf.int32)


@pytest.fixture(scope="module")
def tokenizer():
    return keras_nlp.tokenizers.BertTokenizer(VOCABULARY, lowercase=True)


@pytest.fixture(scope="module")
def encoder(tokenizer):
    return TextEncoder(tokenizer)


@pytest.fixture(scope="module")
def short_encoder(tokenizer):
    return TextEncoder(tokenizer, sequence_length=8)


def rows(encoded):
    """Cuts the flat ids of `encode` into one list an example."""
    token_ids, lengths, _ = encoded
    cuts = np.cumsum(lengths)[:-1]
    return [row.tolist() for row in np.split(token_ids, cuts)]


def pop_until_it_fits(first, second, room):
    """`_truncate_seq_pair` of BERT's `run_classifier.py`, on lengths."""
    while first + second > room:
        if first > second:
            first -= 1
        else:
            second -= 1
    return first, second


def test_longest_first_equals_popping_tokens_one_by_one():
    random = np.random.default_rng(0)
    first, second = random.integers(0, 60, (2, 5000)).astype("int32")
    room = random.integers(4, 70, 5000).astype("int32")
    kept = longest_first(*map(tf.constant, (first, second, room)))
    triples = zip(first, second, room, strict=True)
    expected = [pop_until_it_fits(*map(int, triple)) for triple in triples]
    np.testing.assert_array_equal(np.transpose(kept), expected)


def test_a_sentence_by_hand(encoder):
    encoded = encoder.encode(["a bx!", "Zz C"])
    assert rows(encoded) == [[CLS, A, B, X, MARK, SEP], [CLS, UNK, C, SEP]]
    _, lengths, first_lengths = encoded
    np.testing.assert_array_equal(lengths, [6, 4])
    np.testing.assert_array_equal(first_lengths, [6, 4])
    assert {column.dtype for column in encoded} == {np.dtype("int32")}


def test_a_pair_by_hand(encoder):
    encoded = encoder.encode(["a b", "c"], ["d", "e f"])
    assert rows(encoded) == [
        [CLS, A, B, SEP, D, SEP],
        [CLS, C, SEP, E, F, SEP],
    ]
    np.testing.assert_array_equal(encoded[2], [4, 3])


def test_sentences_and_pairs_go_together_in_one_call(encoder):
    tokens, first_lengths = encoder(
        tf.constant(["a b", "a b"]),
        tf.constant(["ignored", "c"]),
        tf.constant([False, True]),
    )
    assert tokens.to_list() == [[CLS, A, B, SEP], [CLS, A, B, SEP, C, SEP]]
    assert first_lengths.numpy().tolist() == [4, 4]


def test_roberta_takes_two_separators_between_the_texts():
    encoder = TextEncoder(RobertaLikeTokenizer(), sequence_length=8)
    assert rows(encoder.encode(["5 6"])) == [[0, 5, 6, 2]]
    assert rows(encoder.encode(["5 6"], ["7"])) == [[0, 5, 6, 2, 2, 7, 2]]
    # Four special tokens leave room for four words: two of each.
    long = encoder.encode(["5 5 5 5"], ["6 6 6"])
    assert rows(long) == [[0, 5, 5, 2, 2, 6, 6, 2]]


@pytest.mark.parametrize(
    "text, pair, expected",
    [
        # Room for 5 words of the pair; 3 + 2 and 1 + 4 fit as they are.
        ("a b c", "d e", [CLS, A, B, C, SEP, D, E, SEP]),
        ("a", "d e f g", [CLS, A, SEP, D, E, F, G, SEP]),
        # One too many: the longer loses, the second at a tie.
        ("a b c d", "e f", [CLS, A, B, C, SEP, E, F, SEP]),
        ("a b", "c d e f", [CLS, A, B, SEP, C, D, E, SEP]),
        ("a b c", "d e f", [CLS, A, B, C, SEP, D, E, SEP]),
        ("a b c d e f g", "h", [CLS, A, B, C, D, SEP, H, SEP]),
        # Room for 6 words of a sentence.
        ("a b c d e f", None, [CLS, A, B, C, D, E, F, SEP]),
        ("a b c d e f g", None, [CLS, A, B, C, D, E, F, SEP]),
    ],
)
def test_truncation_by_hand(short_encoder, text, pair, expected):
    pair = None if pair is None else [pair]
    assert rows(short_encoder.encode([text], pair)) == [expected]


def test_empty_texts_leave_the_special_tokens(encoder):
    assert rows(encoder.encode(["a", ""], ["", "b"])) == [
        [CLS, A, SEP, SEP],
        [CLS, SEP, B, SEP],
    ]
    assert rows(encoder.encode([""])) == [[CLS, SEP]]


def test_graph_and_eager_mode_agree(short_encoder):
    random = np.random.default_rng(0)
    texts = [
        " ".join(random.choice([*"abcdefghz", "bx", "ax!", "É"], size))
        for size in random.integers(0, 12, 60)
    ]
    arguments = (
        tf.constant(texts[:30]),
        tf.constant(texts[30:]),
        tf.constant([True, False] * 15),
    )
    tokens, first_lengths = short_encoder(*arguments)
    in_graph = tf.function(lambda *args: short_encoder(*args))
    graph_tokens, graph_lengths = in_graph(*arguments)
    assert tokens.to_list() == graph_tokens.to_list()
    np.testing.assert_array_equal(first_lengths, graph_lengths)
    pairs = rows(short_encoder.encode(texts[:30:2], texts[30::2]))
    assert pairs == tokens[::2].to_list()


def test_long_lists_are_encoded_in_parts(encoder, monkeypatch):
    monkeypatch.setattr("tf_adapters.data.batches.text_encoder._CHUNK", 2)
    encoded = encoder.encode(list("abcde"), list("bcdef"))
    assert rows(encoded) == [[CLS, i, SEP, i + 1, SEP] for i in (A, B, C, D, E)]


def test_a_length_without_room_for_text_is_refused(tokenizer):
    with pytest.raises(ValueError, match="at least 8.*sequence_length=7"):
        TextEncoder(tokenizer, sequence_length=7)


def test_a_tokenizer_without_special_tokens_is_refused():
    plain = keras_nlp.tokenizers.ByteTokenizer()
    message = "`cls_token_id` or `start_token_id`. Received: ByteTokenizer"
    with pytest.raises(ValueError, match=message):
        TextEncoder(plain)

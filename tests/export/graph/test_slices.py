"""Requests of any size, in slices of bounded memory."""

import numpy as np
import pytest
import tensorflow as tf

from tf_adapters.export import export_saved_model
from tf_adapters.export.graph import slices
from tf_adapters.export.graph.slices import pack_in_slices
from tf_adapters.export.graph.slices import score_in_slices


@pytest.fixture
def scored(monkeypatch):
    """Scores rows by their own number; returns the slices as well.

    As if shapes of any size cost nothing, unless a test says otherwise.
    """

    def scored(lengths, cost=256, step=1):
        monkeypatch.setattr(slices, "_STEP", step)
        return score_by_number(lengths, cost)

    return scored


def score_by_number(lengths, cost):
    seen = []

    def score(rows, width):
        seen.append((rows.numpy().tolist(), int(width)))
        return tf.stack([tf.cast(rows, tf.float32)] * 2, axis=1)

    lengths = tf.constant(lengths, tf.int32)
    return score_in_slices(score, lengths, 2, cost).numpy(), seen


def test_slices_by_hand(scored, monkeypatch):
    # 2 rows of 50 in 100 places, 2 of 40, then 3 of at most 33; a row of 10
    # counts as 32.
    monkeypatch.setattr(slices, "TOKENS", 100)
    scores, seen = scored([10, 50, 40, 33, 45, 10, 35, 10])
    assert seen == [([1, 4], 50), ([2, 6], 40), ([3, 0, 5], 33), ([7], 10)]
    np.testing.assert_array_equal(scores, np.repeat(range(8), 2).reshape(8, 2))


def test_a_row_longer_than_a_slice_is_alone(scored, monkeypatch):
    monkeypatch.setattr(slices, "TOKENS", 100)
    assert scored([101, 300, 60])[1] == [([1], 300), ([0], 101), ([2], 60)]


def test_what_is_cut_by_hand(scored):
    # Together 4 rows have 400 places. Cut after two they have 200 + 20, and the
    # first two, cut again, 100 + 60: each cut saves 40 or more.
    lengths = [100, 10, 60, 10]
    seen = scored(lengths, cost=39)[1]
    assert seen == [([0], 100), ([2], 60), ([1, 3], 10)]
    assert scored(lengths, cost=40)[1] == [([0, 2], 100), ([1, 3], 10)]
    # The first cut saves 180.
    assert scored(lengths, cost=180)[1] == [([0, 2, 1, 3], 100)]


def test_shapes_are_few(scored):
    # Widths of 104, 64 and 16: cut after eight rows, and not after one.
    lengths = [100] + [60] * 7 + [10] * 8
    seen = scored(lengths, cost=0, step=8)[1]
    assert seen == [([*range(8)], 104), ([*range(8, 16)], 16)]
    rows = {len(rows) for rows, _ in scored([*range(1, 129)], 0, 8)[1]}
    assert all(count % 8 == 0 for count in rows)


def test_a_slice_costs_more_tokens_of_a_smaller_encoder():
    assert slices.cost_of_slice(384, 1536) == 254
    assert slices.cost_of_slice(768, 3072) == 63
    # Not for any saving: more than a slice has.
    assert slices.cost_of_slice(64, 128) > slices.TOKENS


def test_short_texts_do_not_pay_for_a_long_one(scored):
    scores, seen = scored([8] * 63 + [128])
    assert seen == [([63], 128), ([*range(63)], 8)]
    np.testing.assert_array_equal(scores[:, 0], range(64))
    # One or two rows are a slice whatever they are.
    assert len(scored([128, 8])[1]) == 1


def test_no_row_is_no_slice(scored):
    scores, seen = scored([])
    assert scores.shape == (0, 2) and not seen


def test_slices_are_no_larger_than_allowed_and_hold_every_row_once(scored):
    lengths = np.random.default_rng(0).integers(2, 129, 5000)
    scores, seen = scored(lengths)
    np.testing.assert_array_equal(scores[:, 1], range(5000))
    assert sorted(sum((rows for rows, _ in seen), [])) == [*range(5000)]
    tokens = [len(rows) * width for rows, width in seen]
    assert max(tokens) <= slices.TOKENS
    # Rows of like lengths are together, so that little of it is padding.
    assert sum(tokens) <= 1.05 * lengths.sum()


def test_a_request_of_64_rows_is_one_slice(scored):
    assert len(scored([128] * 64)[1]) == 1
    assert len(scored([128] * 65)[1]) == 2


def test_texts_are_packed_in_slices(monkeypatch):
    monkeypatch.setattr(slices, "TEXTS", 3)
    given = tf.reshape(tf.range(14), (7, 2))
    sizes = []

    def pack(rows):
        sizes.append(len(given[rows]))
        return {"ids": given[rows]}

    packed = pack_in_slices(pack, ["ids"], tf.constant(7), 2)
    np.testing.assert_array_equal(packed["ids"], given)
    assert sizes == [3, 3, 1]


@pytest.fixture
def small_slices(monkeypatch, model, tmp_path):
    """An export that works in slices of two or three rows."""
    monkeypatch.setattr(slices, "TOKENS", 32)
    monkeypatch.setattr(slices, "_LEAST_WIDTH", 1)
    monkeypatch.setattr(slices, "_STEP", 1)
    # A cut costs nothing.
    monkeypatch.setattr(slices, "_LAYER", 0)
    monkeypatch.setattr(slices, "TEXTS", 3)
    return tf.saved_model.load(str(export_saved_model(model, tmp_path, 16)))


def ask(served, signature, request):
    inputs = {k: tf.constant(v) for k, v in request.items()}
    outputs = served.signatures[signature](**inputs)
    return {name: value.numpy() for name, value in outputs.items()}


@pytest.mark.large
def test_answers_come_in_the_order_of_the_request(small_slices, call, mixed):
    order = np.random.default_rng(0).permutation(40) % 4
    request = {k: [v[i] for i in order] for k, v in mixed.items()}
    found = ask(small_slices, "serving_default", request)
    expected = call("serving_default", **mixed)
    index = expected["label_index"][order]
    np.testing.assert_array_equal(found["label_index"], index)
    np.testing.assert_allclose(
        found["scores"], expected["scores"][order], atol=1e-6
    )
    texts = [mixed["text"][i] for i in order]
    found = ask(small_slices, "sentiment", {"sentence": texts})["scores"]
    expected = call("sentiment", sentence=mixed["text"])["scores"]
    np.testing.assert_allclose(found, expected[order], atol=1e-6)


@pytest.mark.large
def test_tokens_are_sliced_by_rows(small_slices, call):
    rng = np.random.default_rng(0)
    ids = rng.integers(5, 11, (9, 12))
    request = {
        "token_ids": ids,
        "segment_ids": 0 * ids,
        "padding_mask": 0 * ids + 1,
        "task_ids": np.arange(9) % 3,
    }
    request = {k: v.astype("int32") for k, v in request.items()}
    found = ask(small_slices, "token_ids", request)["scores"]
    expected = call("token_ids", **request)["scores"]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    # Padding costs nothing, and a hole in a row is no end of it.
    request["padding_mask"][:, 5:] = [[i % 2] + [0] * 6 for i in range(9)]
    request["padding_mask"][:, 2] = 0
    found = ask(small_slices, "token_ids", request)["scores"]
    narrow = {k: v if v.ndim == 1 else v[:, :6] for k, v in request.items()}
    expected = call("token_ids", **narrow)["scores"]
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.large
@pytest.mark.parametrize("text", ["bad", "a good film " * 20])
def test_a_row_does_not_change_the_answer_to_another(call, mixed, text):
    alone = call("serving_default", **mixed)["scores"]
    more = {
        "text": [text, *mixed["text"]],
        "text_pair": ["", *mixed["text_pair"]],
        "task": ["sentiment", *mixed["task"]],
    }
    scores = call("serving_default", **more)["scores"][1:]
    np.testing.assert_allclose(scores, alone, atol=1e-6)

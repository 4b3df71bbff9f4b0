"""Requests that are wrong, odd or large, made by hand."""

import time

import numpy as np
import pytest
import tensorflow as tf

from tests.export.odd_texts import ODD
from tests.rounding import ROUNDING

MEGABYTE = 1_000_000


@pytest.mark.parametrize("text", ODD)
def test_an_odd_text_disturbs_no_other_row(serve, alone, text):
    tasks = [b"sentiment", b"sts-b", b"sentiment"]
    texts, pairs = [b"a bad film", text, b"films"], [b"", text, b""]
    scores = serve(texts, pairs, tasks)["scores"]
    for i, row in enumerate(zip(texts, pairs, tasks, strict=True)):
        np.testing.assert_allclose(scores[i], alone(*row), atol=ROUNDING)


@pytest.mark.large
@pytest.mark.parametrize(
    "text",
    [
        b"a" * MEGABYTE,
        b"a bad film " * (MEGABYTE // 11),
        "電".encode() * (MEGABYTE // 3),
        b"a " + b"\xff" * MEGABYTE,
        b"a " + b"\0" * MEGABYTE,
        b"e" + "\u0301".encode() * (MEGABYTE // 2),
    ],
    ids=["word", "words", "ideographs", "no_utf8", "null", "accents"],
)
def test_a_text_of_a_megabyte_is_read_like_another(serve, alone, text):
    start = time.monotonic()
    texts = [b"a bad film", text]
    scores = serve(texts, [b"", b""], [b"sentiment"] * 2)["scores"]
    # A tenth of a second here: what counts is that it does not grow beyond.
    assert time.monotonic() - start < 20
    expected = alone(b"a bad film", b"", b"sentiment")
    np.testing.assert_allclose(scores[0], expected, atol=ROUNDING)
    assert np.isfinite(scores).all()


@pytest.mark.large
def test_ten_thousand_rows_are_each_answered(serve, alone):
    kinds = [
        (b"a good film", b"", b"sentiment"),
        (b"films", b"a film", b"mrpc"),
        (b"is a film good a bad film", b"bad", b"sts-b"),
    ]
    chosen = np.random.default_rng(0).integers(3, size=10_000)
    scores = serve(*zip(*[kinds[i] for i in chosen], strict=True))["scores"]
    expected = np.stack([alone(*kind) for kind in kinds])[chosen]
    np.testing.assert_allclose(scores, expected, atol=ROUNDING)


def refuses(message):
    return pytest.raises(tf.errors.InvalidArgumentError, match=message)


@pytest.mark.parametrize(
    "name, shown",
    [
        (b"\xff\0nli", "Received: \ufffd\ufffdnli in row 0"),
        (b"x" * MEGABYTE, f"Received: {'x' * 60}[.]{{3}} in row 0"),
        ("ü".encode() * 100, f"Received: {'ü' * 60}[.]{{3}} in row 0"),
    ],
    ids=["no_utf8", "megabyte", "umlauts"],
)
def test_a_name_is_shown_as_far_as_a_message_can_hold_it(serve, name, shown):
    with refuses(shown):
        serve([b"a"], [b""], [name])


@pytest.mark.parametrize("shape", [(), (3, 3), (1, 1), (0, 3)])
def test_texts_that_are_no_list_are_refused(serve, shape):
    text = np.full(shape, b"a", object)
    task = np.full(shape, b"sentiment", object)
    written = ", ".join(map(str, shape))
    with refuses(rf"must have 1 dimension.s.*shape=.{written}.. Send a list"):
        serve(text, np.full(shape, b"", object), task)


@pytest.mark.parametrize("wrong", ["text", "text_pair", "task"])
def test_one_input_of_another_rank_is_named(serve, wrong):
    request = {"text": [b"a"], "text_pair": [b""], "task": [b"sentiment"]}
    request[wrong] = [request[wrong]]
    with refuses(f"`{wrong}` must have 1 dimension.s.. Received: shape=.1, 1"):
        serve(*request.values())


def test_numbers_in_the_place_of_texts_are_refused(artefact):
    request = {"text": [1], "text_pair": [""], "task": ["sentiment"]}
    with refuses("string"):
        artefact.signatures["serving_default"](
            **{name: tf.constant(value) for name, value in request.items()}
        )


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"padding_mask": [[1, 2]]}, "`padding_mask` must be 1.*in row 0"),
        ({"padding_mask": [[0, 0]]}, "`padding_mask` must be 1.*in row 0"),
        ({"token_ids": [2, 3]}, "`token_ids` must have 2 dim.*shape=.2.. Send"),
        ({"segment_ids": [[[0, 0]]]}, "`segment_ids` must have 2.*.1, 1, 2."),
        ({"task_ids": [[0]]}, "`task_ids` must have 1 dim.*shape=.1, 1."),
    ],
)
def test_ids_that_make_no_sense_are_refused(call, changed, message):
    request = {
        "token_ids": [[2, 3]],
        "segment_ids": [[0, 0]],
        "padding_mask": [[1, 1]],
        "task_ids": [0],
    }
    with refuses(message):
        call("token_ids", **{**request, **changed})

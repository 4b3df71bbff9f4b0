"""Small requests, drawn by chance, of which some break a rule.

A good row is answered as it is alone; a wrong request is refused with the rule
that it breaks. A seeded generator draws them: rows come again in many requests,
so that each is asked alone once, and the requests are the same everywhere.
"""

import numpy as np
import pytest
import tensorflow as tf

from tests.export.odd_texts import BLANK
from tests.export.odd_texts import ODD
from tests.rounding import ROUNDING

TASKS = (b"sentiment", b"mrpc", b"sts-b")
SINGLE = b"sentiment"
UNKNOWN = (b"", b"nli", b"MRPC", b"\xff\0", b"x" * 999)
RULES = {
    "length": "must have the same number of rows",
    "task": "`task` must name a task of this model",
    "extra": "`text_pair` must be empty for a task that reads one text",
    "text": "`text` must not be empty where the task reads it",
    "pair": "`text_pair` must not be empty where the task reads it",
}


def draw_text(random):
    """A text of which something is left: a letter makes sure of it."""
    kind = random.integers(4)
    if kind == 0:
        return ODD[random.integers(len(ODD))]
    if kind == 1:
        return b"a " + random.bytes(random.integers(20))
    if kind == 2:
        points = random.integers(0x3000, size=random.integers(12))
        return "".join(map(chr, points)).encode() + b" a"
    words = ("a", "good", "bad", "film", "##s", "is", "[SEP]", "\n", "Unseen")
    count = random.integers(1, 30)
    return " ".join(["a", *random.choice(words, count)]).encode()


def draw_rows(random, count):
    rows = []
    for _ in range(count):
        task = TASKS[random.integers(len(TASKS))]
        pair = b"" if task == SINGLE else draw_text(random)
        rows.append([draw_text(random), pair, task])
    return rows


def spoil(random, columns):
    """Breaks one rule of a request that has a row, and says which."""
    texts, pairs, tasks = columns
    row = random.integers(len(texts))
    blank = BLANK[random.integers(len(BLANK))]
    rule = random.choice(["length", "task", "text", "other"])
    if rule == "length":
        columns[random.integers(3)].pop()
    elif rule == "task":
        tasks[row] = UNKNOWN[random.integers(len(UNKNOWN))]
    elif rule == "text":
        texts[row] = blank
    elif tasks[row] == SINGLE:
        rule, pairs[row] = "extra", draw_text(random)
    else:
        rule, pairs[row] = "pair", blank
    return rule


@pytest.mark.parametrize(
    "count", [100, pytest.param(10_000, marks=pytest.mark.large)]
)
def test_a_request_is_answered_as_its_rows_are_or_refused(serve, alone, count):
    random = np.random.default_rng(count)
    pool = draw_rows(random, max(20, count // 20))
    expected = [alone(*row) for row in pool]
    met = dict.fromkeys(RULES, 0)
    for _ in range(count):
        chosen = random.integers(len(pool), size=random.integers(5))
        columns = [[pool[i][c] for i in chosen] for c in range(3)]
        if len(chosen) and random.random() < 0.3:
            rule = spoil(random, columns)
            met[rule] += 1
            with pytest.raises(tf.errors.InvalidArgumentError) as raised:
                serve(*columns)
            assert RULES[rule] in str(raised.value), columns
            continue
        scores = serve(*columns)["scores"]
        assert scores.shape == (len(chosen), 3)
        for i, found in zip(chosen, scores, strict=True):
            np.testing.assert_allclose(
                found, expected[i], atol=ROUNDING, err_msg=repr(columns)
            )
    assert min(met.values()) >= count / 100

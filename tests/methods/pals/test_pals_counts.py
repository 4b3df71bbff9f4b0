"""Counts of BERT and PALs against the closed forms of methods.md 2.4."""

import pytest

import tf_adapters
from tf_adapters import count_parameters

BASE = {
    "num_layers": 12,
    "hidden_dim": 768,
    "intermediate_dim": 3072,
    "num_heads": 12,
}
TINY = {
    "num_layers": 2,
    "hidden_dim": 128,
    "intermediate_dim": 512,
    "num_heads": 2,
}
BASE_TOTAL = 109_482_240
# Outputs of CoLA, MRPC, MNLI, RTE, STS-B, SST, QQP and QNLI.
OUTPUTS = (2, 2, 3, 2, 1, 2, 2, 2)


def lin(i, o):
    return i * o + o


def pals(d, layers, s):
    return lin(d, s) + lin(s, d) + layers * 3 * lin(s, s)


def feedforward(d, layers, s, units):
    return lin(d, s) + lin(s, d) + layers * (lin(s, units) + lin(units, s))


def low_rank(d, places, s):
    return places * (lin(d, s) + lin(s, d))


def top_attention(d, blocks, s):
    return lin(d, s) + lin(s, d) + blocks * (4 * lin(s, s) + 2 * s)


# The method, its closed form and the count of methods.md 2.4 and 9, a task.
OF_BASE = [
    (tf_adapters.SharedEncoder(), 0, 0),
    (tf_adapters.PALs(), pals(768, 12, 204), 1_819_836),
    (
        tf_adapters.PALs(84, share_projections=False),
        12 * pals(768, 1, 84),
        1_815_552,
    ),
    (tf_adapters.PALs(276, layers="top"), pals(768, 6, 276), 1_801_116),
    (tf_adapters.PALs(276, layers="bottom"), pals(768, 6, 276), 1_801_116),
    (tf_adapters.PALs(60), pals(768, 12, 60), 224_748),
    (
        tf_adapters.PALsFeedForward(),
        feedforward(768, 12, 204, 306),
        1_818_612,
    ),
    (tf_adapters.PALsLowRank(), low_rank(768, 12, 100), 1_853_616),
    (tf_adapters.PALsLowRank(10), low_rank(768, 12, 10), 193_656),
    (tf_adapters.PALsHoulsby(), low_rank(768, 24, 50), 1_862_832),
    (tf_adapters.PALsTopAttention(), top_attention(768, 6, 204), 1_320_444),
    (
        tf_adapters.PALsTopLayer(),
        4 * lin(768, 768) + lin(768, 3072) + lin(3072, 768) + 4 * 768,
        7_087_872,
    ),
    (tf_adapters.PALsLHUC(), 12 * 768, 9_216),
]
OF_TINY = [
    (tf_adapters.PALs(24), pals(128, 2, 24), 9_896),
    (tf_adapters.PALsLowRank(16), low_rank(128, 2, 16), 8_480),
]


def make_task(index, outputs):
    kind = {"value_range": (0.0, 5.0)}
    if outputs > 1:
        kind = {"labels": tuple("abc"[:outputs])}
    return tf_adapters.Task(name=f"task{index}", text_columns=("text",), **kind)


def check_counts(stock, method, closed_form, count):
    tasks = [make_task(i, outputs) for i, outputs in enumerate(OUTPUTS[:2])]
    model = tf_adapters.MultiTaskClassifier(stock, method, tasks)
    counts = count_parameters(model)
    assert counts["backbone"] == stock.count_params()
    assert counts["per_task"] == closed_form == count
    assert counts["shared"] == 0
    # Trained in place, by all tasks together.
    norms = (2 * stock.num_layers + 1) * 2 * stock.hidden_dim
    assert counts["layer_norms"] == norms


@pytest.mark.parametrize("row", OF_TINY, ids=lambda row: repr(row[0]))
def test_bert_tiny(bert_tiny, row):
    """P5."""
    check_counts(bert_tiny, *row)


@pytest.mark.large
@pytest.mark.parametrize("row", OF_BASE, ids=lambda row: repr(row[0]))
def test_bert_base(bert_base, row):
    """P5."""
    check_counts(bert_base, *row)


@pytest.mark.large
def test_eight_tasks_make_bert_base_13_percent_larger(bert_base):
    tasks = [make_task(i, outputs) for i, outputs in enumerate(OUTPUTS)]
    method = tf_adapters.PALs(204)
    model = tf_adapters.MultiTaskClassifier(bert_base, method, tasks)
    counts = count_parameters(model)
    assert counts["heads"] == 12_304
    # All but eight words of the vocabulary are missing.
    assert counts["backbone"] + (30_522 - 8) * 768 == BASE_TOTAL
    added = (counts["total_ratio"] - 1) * counts["backbone"]
    assert added == pytest.approx(8 * 1_819_836)
    assert round(1 + added / BASE_TOTAL, 3) == 1.133

"""Counts of Compacter and its baselines: methods.md 3.8 and 9."""

import functools

import pytest

import tf_adapters
from tf_adapters import count_parameters

BASE_TOTAL = 109_482_240
BASE_LAYER_NORMS = 38_400


def adapter(m, d=768):
    return 2 * d * m + m + d


def low_rank(m, d=768, rank=1):
    return 2 * rank * (d + m) + m + d


def phm(n, m, d=768):
    return 2 * (n**3 + d * m // n) + m + d


def compacter(slots, n, m, d=768):
    return slots * low_rank(m, d) + n**3


def rows_of(method, closed_form, counts):
    """The rows of a method that has a `phm_dim`, of 4, 8 and 12."""
    return [
        (
            functools.partial(method, phm_dim=n),
            functools.partial(closed_form, n),
            own,
        )
        for n, own in zip((4, 8, 12), counts, strict=True)
    ]


# The method, its closed form and the counts of methods.md for bottlenecks of
# 24, 48 and 96.
BASE = [
    (
        tf_adapters.Houlsby,
        lambda m: 24 * adapter(m),
        (903_744, 1_789_056, 3_559_680),
    ),
    (
        tf_adapters.Pfeiffer,
        lambda m: 12 * adapter(m),
        (451_872, 894_528, 1_779_840),
    ),
    (
        tf_adapters.AdapterDrop,
        lambda m: 14 * adapter(m),
        (527_184, 1_043_616, 2_076_480),
    ),
    (
        tf_adapters.LowRankAdapter,
        lambda m: 24 * low_rank(m),
        (57_024, 58_752, 62_208),
    ),
    *rows_of(
        tf_adapters.PHMAdapter,
        lambda n, m: 24 * phm(n, m),
        [
            (243_264, 465_024, 908_544),
            (154_176, 265_344, 487_680),
            (175_680, 249_984, 398_592),
        ],
    ),
    *rows_of(
        tf_adapters.Compacter,
        functools.partial(compacter, 24),
        [
            (57_088, 58_816, 62_272),
            (57_536, 59_264, 62_720),
            (58_752, 60_480, 63_936),
        ],
    ),
    *rows_of(
        tf_adapters.CompacterPlusPlus,
        functools.partial(compacter, 12),
        [
            (28_576, 29_440, 31_168),
            (29_024, 29_888, 31_616),
            (30_240, 31_104, 32_832),
        ],
    ),
]
CASES = [
    (make(bottleneck_dim=m), closed_form(m), count)
    for make, closed_form, counts in BASE
    for m, count in zip((24, 48, 96), counts, strict=True)
]


def size(weights):
    return sum(w.value.shape.num_elements() for w in weights)


def check_counts(stock, method, tasks, expected):
    model = tf_adapters.MultiTaskClassifier(stock, method, tasks)
    counts = count_parameters(model)
    norms = (2 * stock.num_layers + 1) * 2 * stock.hidden_dim
    assert counts["backbone"] == stock.count_params()
    assert counts["per_task"] == expected
    assert counts["shared"] == 0
    assert counts["layer_norms"] == norms
    heads = size(model.heads.weights)
    trained = size(model.trainable_weights)
    assert trained == len(tasks) * (expected + norms) + heads


@pytest.mark.parametrize("row", CASES, ids=lambda row: repr(row[0]))
def test_table_is_that_of_the_closed_forms(row):
    _, closed_form, count = row
    assert closed_form == count


# The closed form, which the test above holds to the other widths, is in
# proportion to them.
@pytest.mark.large
@pytest.mark.parametrize("row", CASES[::3], ids=lambda row: repr(row[0]))
def test_bert_base(bert_base, make_tasks, row):
    method, _, count = row
    check_counts(bert_base, method, make_tasks(1), count)


@pytest.mark.parametrize(
    "method, count",
    [
        (tf_adapters.PHMAdapter(16, phm_dim=4), 4 * phm(4, 16, 128)),
        (tf_adapters.Compacter(16), compacter(4, 4, 16, 128)),
        (tf_adapters.CompacterPlusPlus(16), compacter(2, 4, 16, 128)),
        (tf_adapters.LowRankAdapter(16), 4 * low_rank(16, 128)),
        (tf_adapters.AdapterDrop(16, dropped_layers=1), 2 * adapter(16, 128)),
    ],
    ids=repr,
)
@pytest.mark.parametrize(
    "num_tasks", [pytest.param(1, marks=pytest.mark.large), 3]
)
def test_bert_tiny(bert_tiny, make_tasks, method, count, num_tasks):
    """The rule of a task is counted once."""
    check_counts(bert_tiny, method, make_tasks(num_tasks), count)


def test_counts_of_bert_tiny_are_those_of_the_reference():
    assert 4 * phm(4, 16, 128) == 5_184
    assert compacter(4, 4, 16, 128) == 1_792
    assert compacter(2, 4, 16, 128) == 928


@pytest.mark.parametrize(
    "count, percent, with_norms, percent_norms",
    [
        (compacter(24, 4, 24), 0.0521, 95_488, 0.0872),
        (compacter(12, 4, 24), 0.0261, 66_976, 0.0612),
        (24 * adapter(24), 0.8255, 942_144, 0.8605),
    ],
)
def test_share_of_bert_base(count, percent, with_norms, percent_norms):
    assert count + BASE_LAYER_NORMS == with_norms
    assert round(100 * count / BASE_TOTAL, 4) == percent
    assert round(100 * with_norms / BASE_TOTAL, 4) == percent_norms


def test_rule_that_is_not_learned_is_kept_and_not_trained(
    bert_tiny, make_tasks
):
    method = tf_adapters.Compacter(16, learn_rule=False)
    model = tf_adapters.MultiTaskClassifier(bert_tiny, method, make_tasks(1))
    learned = tf_adapters.Compacter(16)
    other = tf_adapters.MultiTaskClassifier(bert_tiny, learned, make_tasks(1))
    difference = size(other.trainable_weights) - size(model.trainable_weights)
    assert difference == 4**3
    assert "method.rule.rule" in model.banks()

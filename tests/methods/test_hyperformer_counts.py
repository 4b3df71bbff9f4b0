"""Counts of HyperFormer and its baseline: methods.md 4.4 and 9."""

import pytest

import tf_adapters
from tf_adapters import AdaptedBackbone
from tf_adapters import count_parameters


def size(weights):
    return sum(w.value.shape.num_elements() for w in weights)


def norms_of(backbone):
    norms = [backbone.embeddings_layer_norm]
    for layer in backbone.transformer_layers:
        norms.append(layer._self_attention_layer_norm)
        norms.append(layer._feedforward_layer_norm)
    return [w for norm in norms for w in norm.weights]


def generator(d, m, t=64):
    """Both kernels, both biases, gain and offset: G and N of methods.md."""
    return (t + 1) * (2 * d * m + d + m) + 2 * (t + 1) * d


def network(parts, t=64, h=128):
    """From embeddings in a row to one: M of methods.md, and its norm."""
    return (parts * t + 1) * h + (h + 1) * t + 2 * t


def plus_plus(num_layers, d, m):
    return generator(d, m) + network(3) + 64 * (num_layers + 2)


def shared(num_layers, d, m):
    return 2 * generator(d, m) + network(2) + 64 * num_layers


def per_layer(num_layers, d, m):
    return 2 * num_layers * generator(d, m)


def adapters(num_layers, d, m):
    own = 2 * num_layers * (2 * d * m + d + m)
    return 8 * own + 2 * num_layers * 2 * d


# The method, its closed form without embeddings, the numbers of each of eight
# tasks, and the counts of methods.md in all: tiny, m=24 and m=48 of BERT-base.
COUNTS = [
    (
        tf_adapters.HyperFormerPlusPlus,
        plus_plus,
        8 * 64,
        (326_096, 2_581_976, 4_979_696),
    ),
    (
        tf_adapters.HyperFormerShared,
        shared,
        8 * 64,
        (610_016, 5_121_136, 9_916_576),
    ),
    (
        tf_adapters.HyperFormer,
        per_layer,
        8 * 64,
        (1_169_472, 61_140_032, 118_685_312),
    ),
    (
        tf_adapters.MultiTaskAdapters,
        adapters,
        0,
        # 32 adapters of 4,240 and 4 norms of 256.
        (32 * 4_240 + 4 * 256, 7_266_816, 14_349_312),
    ),
]


@pytest.mark.parametrize("row", COUNTS, ids=lambda row: row[0].__name__)
def test_table_is_that_of_the_closed_forms(row):
    _, closed_form, own, (tiny, small, large) = row
    assert closed_form(2, 128, 16) + own == tiny
    assert closed_form(12, 768, 24) + own == small
    assert closed_form(12, 768, 48) + own == large


def test_shared_part_is_that_of_the_reference():
    assert plus_plus(2, 128, 16) == 325_584
    assert plus_plus(12, 768, 24) == 2_581_464


def check_count(backbone, method, expected):
    encoder = AdaptedBackbone(backbone, method, num_tasks=8)
    norms = size(norms_of(backbone))
    assert size(encoder.trainable_weights) == expected + norms


@pytest.mark.parametrize("row", COUNTS, ids=lambda row: row[0].__name__)
def test_bert_tiny(bert_tiny, row):
    check_count(bert_tiny, row[0](16), row[-1][0])


@pytest.mark.large
@pytest.mark.parametrize("row", COUNTS, ids=lambda row: row[0].__name__)
def test_bert_base(bert_base, row):
    check_count(bert_base, row[0](24), row[-1][1])


def test_counts_say_who_owns_what(bert_tiny, make_tasks):
    method = tf_adapters.HyperFormerPlusPlus(16)
    model = tf_adapters.MultiTaskClassifier(bert_tiny, method, make_tasks(3))
    counts = count_parameters(model)
    assert (counts["per_task"], counts["shared"]) == (64, 325_584)
    assert counts["layer_norms"] == 1_280
    model.freeze_shared()
    assert count_parameters(model) == counts
    # It trains the LayerNorms of the backbone.
    del model
    method = tf_adapters.MultiTaskAdapters(16)
    model = tf_adapters.MultiTaskClassifier(bert_tiny, method, make_tasks(3))
    counts = count_parameters(model)
    assert (counts["per_task"], counts["shared"]) == (4 * 4_240, 4 * 256)


def test_added_task_adds_64_numbers(bert_tiny):
    """F6."""
    method = tf_adapters.HyperFormerPlusPlus(16)
    encoder = AdaptedBackbone(bert_tiny, method)
    before = encoder.count_params()
    encoder.add_tasks(1)
    assert encoder.count_params() == before + 64


def test_adapters_of_one_task_have_a_norm_each(bert_tiny, make_tasks):
    """ "Single-task adapters + post-LN" of methods.md 4.4."""
    method = tf_adapters.NormalizedAdapters(16)
    model = tf_adapters.MultiTaskClassifier(bert_tiny, method, make_tasks(3))
    counts = count_parameters(model)
    assert (counts["per_task"], counts["shared"]) == (4 * (4_240 + 256), 0)


@pytest.mark.large
@pytest.mark.parametrize("m, count", [(24, 940_608), (48, 1_825_920)])
def test_adapters_of_one_task_in_bert_base(bert_base, m, count):
    encoder = AdaptedBackbone(bert_base, tf_adapters.NormalizedAdapters(m))
    norms = size(norms_of(bert_base))
    assert size(encoder.trainable_weights) == count + norms

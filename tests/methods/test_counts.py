"""Parameter counts against the closed forms of methods.md, section 1.4."""

import keras_nlp
import pytest

import tf_adapters
from tf_adapters import count_parameters
from tf_adapters.model.parameters import trainable_percent

# d = 768, L = 12: m, one adapter, 24 adapters, with 25 LayerNorms, both in
# percent of BERT-base.
BASE = [
    (1, 2_305, 55_320, 93_720, 0.051, 0.086),
    (2, 3_842, 92_208, 130_608, 0.084, 0.119),
    (4, 6_916, 165_984, 204_384, 0.152, 0.187),
    (8, 13_064, 313_536, 351_936, 0.286, 0.321),
    (16, 25_360, 608_640, 647_040, 0.556, 0.591),
    (32, 49_952, 1_198_848, 1_237_248, 1.095, 1.130),
    (64, 99_136, 2_379_264, 2_417_664, 2.173, 2.208),
    (128, 197_504, 4_740_096, 4_778_496, 4.330, 4.365),
    (256, 394_240, 9_461_760, 9_500_160, 8.642, 8.677),
]
BASE_TOTAL = 109_482_240
BASE_LAYER = 7_087_872
BASE_POOLER = 590_592

TINY_TOTAL = 4_385_920
TINY_LAYER_NORMS = 1_280


def adapter(d, m):
    return 2 * m * d + m + d


@pytest.fixture(scope="module")
def bert_tiny():
    """With its whole vocabulary, for the total."""
    return keras_nlp.models.BertBackbone(
        vocabulary_size=30522,
        num_layers=2,
        num_heads=2,
        hidden_dim=128,
        intermediate_dim=512,
    )


def counted(backbone, method, tasks):
    model = tf_adapters.MultiTaskClassifier(backbone, method, tasks)
    return model, count_parameters(model)


@pytest.mark.parametrize(
    "m, one, all_layers, with_norms, percent, percent_norms", BASE
)
def test_table_of_the_paper_is_that_of_the_closed_form(
    m, one, all_layers, with_norms, percent, percent_norms
):
    layer = tf_adapters.layers.BottleneckAdapter(m)
    layer.build((None, None, 768))
    assert layer.count_params() == one == adapter(768, m)
    assert 24 * one == all_layers
    assert all_layers + 25 * 2 * 768 == with_norms
    assert round(100 * all_layers / BASE_TOTAL, 3) == percent
    assert round(100 * with_norms / BASE_TOTAL, 3) == percent_norms


@pytest.mark.parametrize(
    "method, adapters, layer_norms",
    [
        (tf_adapters.Houlsby(16), 16_960, TINY_LAYER_NORMS),
        (tf_adapters.Pfeiffer(16, slot="attention"), 8_480, 1_280),
        (tf_adapters.Pfeiffer(16, slot="feedforward"), 8_480, 1_280),
        (tf_adapters.LayerNormOnly(), 0, TINY_LAYER_NORMS),
        (tf_adapters.Method(), 0, 0),
    ],
    ids=repr,
)
@pytest.mark.parametrize("num_tasks", [1, 3])
def test_bert_tiny(
    bert_tiny, make_tasks, method, adapters, layer_norms, num_tasks
):
    tasks = make_tasks(num_tasks)
    model, counts = counted(bert_tiny, method, tasks)
    outputs = sum(task.num_outputs for task in tasks)
    assert counts["backbone"] == TINY_TOTAL
    assert counts["per_task"] == adapters
    assert counts["layer_norms"] == layer_norms
    assert counts["shared"] == 0
    assert counts["heads"] == 128 * outputs + outputs
    assert counts["percent_per_task"] == pytest.approx(
        100 * adapters / TINY_TOTAL
    )
    assert counts["total_ratio"] == pytest.approx(
        1 + num_tasks * adapters / TINY_TOTAL
    )
    # The bank of the heads is as wide as the widest task.
    heads = num_tasks * model.heads.max_outputs * (128 + 1)
    trained = num_tasks * (adapters + layer_norms) + heads
    assert (
        sum(w.value.shape.num_elements() for w in model.trainable_weights)
        == trained
    )
    assert trainable_percent(model) == pytest.approx(100 * trained / TINY_TOTAL)


def test_fine_tuning_of_bert_tiny_adds_nothing(bert_tiny, make_tasks):
    method = tf_adapters.FullFineTuning()
    model, counts = counted(bert_tiny, method, make_tasks(1))
    assert counts["per_task"] == counts["shared"] == 0
    assert counts["layer_norms"] == TINY_LAYER_NORMS
    trained = sum(w.value.shape.num_elements() for w in model.trainable_weights)
    assert trained == TINY_TOTAL + 2 * (128 + 1)


@pytest.mark.large
@pytest.mark.parametrize(
    "m, one, all_layers, with_norms", [r[:4] for r in BASE if r[0] in (1, 64)]
)
def test_bert_base(bert_base, make_tasks, m, one, all_layers, with_norms):
    # H3: 2L(2md + m + d) + (2L + 1) 2d + dc + c.
    model, counts = counted(bert_base, tf_adapters.Houlsby(m), make_tasks(1))
    assert counts["backbone"] == BASE_TOTAL - (30_522 - 8) * 768
    assert counts["per_task"] == all_layers
    assert counts["layer_norms"] == with_norms - all_layers == 38_400
    assert counts["heads"] == 1_538
    trained = sum(w.value.shape.num_elements() for w in model.trainable_weights)
    assert trained == with_norms + 1_538
    if m == 64:
        assert trained == 2_419_202


@pytest.mark.large
@pytest.mark.parametrize("num_layers", [0, 1, 2, 12])
def test_last_layers_of_bert_base(bert_base, make_tasks, num_layers):
    method = tf_adapters.LastLayers(num_layers)
    model, _ = counted(bert_base, method, make_tasks(1))
    trained = sum(w.value.shape.num_elements() for w in model.trainable_weights)
    assert trained == num_layers * BASE_LAYER + BASE_POOLER + 1_538

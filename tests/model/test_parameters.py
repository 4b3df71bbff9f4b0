import pytest

from tf_adapters.methods import FullFineTuning
from tf_adapters.methods import Houlsby
from tf_adapters.methods import LayerNormOnly
from tf_adapters.model.parameters import count_parameters
from tf_adapters.model.parameters import trainable_percent

# The tiny BERT: two layers, width 16, feed-forward 32, 50 words, 128
# positions, 2 segments.
LAYERS, D, F = 2, 16, 32
NORM = 2 * D
LAYER = 4 * (D * D + D) + (D * F + F) + (F * D + D) + 2 * NORM
BACKBONE = (50 + 128 + 2) * D + NORM + LAYERS * LAYER + (D * D + D)
NORMS = (2 * LAYERS + 1) * NORM
# Outputs 2, 3 and 1 of the three tasks.
HEADS = (D + 1) * (2 + 3 + 1)


def test_houlsby_by_its_closed_form(make_model):
    m = 4
    adapters = 2 * LAYERS * (2 * m * D + m + D)
    assert count_parameters(make_model(Houlsby(m))) == {
        "backbone": BACKBONE,
        "per_task": adapters,
        "shared": 0,
        "layer_norms": NORMS,
        "heads": HEADS,
        "percent_per_task": pytest.approx(100 * adapters / BACKBONE),
        "total_ratio": pytest.approx(1 + 3 * adapters / BACKBONE),
    }


def test_full_fine_tuning_adds_nothing(make_model):
    found = count_parameters(make_model(FullFineTuning()))
    assert found["backbone"] == BACKBONE
    assert found["per_task"] == found["shared"] == 0
    assert found["layer_norms"] == NORMS
    assert found["total_ratio"] == 1


def test_private_layer_norms_are_not_adapters(make_model):
    found = count_parameters(make_model(LayerNormOnly(), num_tasks=1))
    assert found["per_task"] == 0
    assert found["layer_norms"] == NORMS


def test_the_trainable_percent_counts_heads_and_layer_norms(make_model):
    model = make_model(LayerNormOnly(), num_tasks=1)
    # The only task has two outputs.
    trained = NORMS + 2 * (D + 1)
    expected = 100 * trained / BACKBONE
    assert trainable_percent(model) == pytest.approx(expected)

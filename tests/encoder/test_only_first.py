"""The last layer computes one token where no other is read."""

import keras
import pytest

from tests.method_table import METHODS
from tests.rounding import assert_same_to_rounding
from tf_adapters import AdaptedBackbone
from tf_adapters import MultiTaskClassifier

# Their layers at the last place read the other tokens' outputs.
NOT_ALONE = ("pals_top_attention", "pals_top_layer")


@pytest.fixture
def make_encoder(make_backbone, scramble):
    def make_encoder(name, **kwargs):
        encoder = AdaptedBackbone(make_backbone(), METHODS[name](), num_tasks=3)
        scramble(encoder.trainable_weights, scale=0.1)
        return encoder

    return make_encoder


@pytest.mark.parametrize(
    "name",
    [
        "houlsby",
        "pals",
        "prompt_tuning",
        *(
            pytest.param(name, marks=pytest.mark.large)
            for name in METHODS
            if name not in ("houlsby", "pals", "prompt_tuning")
        ),
    ],
)
def test_the_first_token_is_the_same(make_encoder, make_inputs, name):
    encoder, inputs = make_encoder(name), make_inputs(num_tasks=3)
    every = encoder(inputs)
    first = encoder(inputs, only_first=True)
    assert first["sequence_output"].shape == (4, 1, 16)
    assert_same_to_rounding(
        first["sequence_output"], every["sequence_output"][:, :1]
    )
    assert_same_to_rounding(first["pooled_output"], every["pooled_output"])


def computed_tokens(encoder, inputs, monkeypatch):
    """How many tokens the last feed-forward sublayer is given."""
    last, seen = encoder.transformer_layers[-1], []
    project = last._project

    def look(slot, x, *args):
        if slot == "intermediate":
            seen.append(x.shape[1])
        return project(slot, x, *args)

    monkeypatch.setattr(last, "_project", look)
    encoder(inputs, only_first=True)
    encoder(inputs)
    return seen


@pytest.mark.parametrize(
    "name", ["houlsby", "pals", *NOT_ALONE, "lora_everywhere"]
)
def test_no_other_token_is_computed(
    make_encoder, make_inputs, monkeypatch, name
):
    encoder, inputs = make_encoder(name), make_inputs(num_tasks=3)
    expected = [8, 8] if name in NOT_ALONE else [1, 8]
    assert computed_tokens(encoder, inputs, monkeypatch) == expected


class Mixing(keras.layers.Layer):
    """A layer of someone's own, which says nothing of tokens."""

    def call(self, x, task_ids=None, padding_mask=None):
        return x + keras.ops.mean(x, axis=1, keepdims=True)


def test_a_layer_that_may_mix_tokens_is_given_all(
    make_encoder, make_inputs, monkeypatch
):
    encoder, inputs = make_encoder("houlsby"), make_inputs(num_tasks=3)
    layer = encoder.transformer_layers[-1]
    layer.stand_ins.of_slot["feedforward"] = Mixing()
    every = encoder(inputs)["pooled_output"]
    first = encoder(inputs, only_first=True)["pooled_output"]
    assert_same_to_rounding(first, every)
    assert computed_tokens(encoder, inputs, monkeypatch) == [8, 8]


@pytest.mark.parametrize(
    "pooling, tokens", [("pooler", 1), ("first", 1), ("mean", 8)]
)
def test_the_model_asks_for_what_it_pools(
    make_backbone, make_tasks, make_inputs, monkeypatch, pooling, tokens
):
    model = MultiTaskClassifier(
        make_backbone(), METHODS["houlsby"](), make_tasks(), pooling=pooling
    )
    model(make_inputs(num_tasks=3))
    seen, project = [], model.encoder.transformer_layers[-1]._project

    def look(slot, x, *args):
        if slot == "intermediate":
            seen.append(x.shape[1])
        return project(slot, x, *args)

    monkeypatch.setattr(model.encoder.transformer_layers[-1], "_project", look)
    model(make_inputs(num_tasks=3))
    assert seen == [tokens]

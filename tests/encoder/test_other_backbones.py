import keras
import keras_nlp
import numpy as np
import pytest

import tf_adapters
from tests.rounding import assert_same_to_rounding
from tf_adapters import AdaptedBackbone

MODELS = keras_nlp.models

FITS = {
    "bert": (MODELS.BertBackbone, {}),
    "bert_of_one_segment": (MODELS.BertBackbone, {"num_segments": 1}),
    "roberta": (MODELS.RobertaBackbone, {}),
    "xlm_roberta": (MODELS.XLMRobertaBackbone, {}),
    "distil_bert": (MODELS.DistilBertBackbone, {}),
    "electra": (
        MODELS.ElectraBackbone,
        {"vocab_size": 50, "vocabulary_size": None, "embedding_dim": 16},
    ),
    "electra_projected": (
        MODELS.ElectraBackbone,
        {"vocab_size": 50, "vocabulary_size": None, "embedding_dim": 6},
    ),
}

DOES_NOT_FIT = {
    "albert": (MODELS.AlbertBackbone, {"embedding_dim": 8}, "`list` layers"),
    "deberta": (
        MODELS.DebertaV3Backbone,
        {"bucket_size": 8},
        "`DisentangledAttentionEncoder` layers",
    ),
    "gpt2": (MODELS.GPT2Backbone, {}, "no layer named `embeddings_layer_norm`"),
    "f_net": (MODELS.FNetBackbone, {"num_heads": None}, "`FNetEncoder` layers"),
    "bart": (MODELS.BartBackbone, {}, "has no `transformer_layers`"),
}


@pytest.fixture
def backbone(request, make_backbone):
    cls, arguments = FITS[request.param]
    sizes = {"vocabulary_size": 50, **arguments}
    if sizes["vocabulary_size"] is None:
        return electra(make_backbone, arguments)
    return make_backbone(cls, **arguments)


def electra(make_backbone, arguments):
    """ELECTRA calls the size of its vocabulary otherwise."""
    sizes = {k: v for k, v in arguments.items() if v is not None}

    def make(vocabulary_size, **kwargs):
        return MODELS.ElectraBackbone(**kwargs)

    return make_backbone(make, **sizes)


def stock_outputs(backbone, inputs):
    outputs = backbone({name: inputs[name] for name in backbone.input})
    if isinstance(outputs, dict):
        return outputs
    return {"sequence_output": outputs, "pooled_output": outputs[:, 0]}


@pytest.fixture
def inputs(backbone, make_inputs):
    inputs = make_inputs(num_tasks=2)
    if getattr(backbone, "num_segments", 2) == 1:
        inputs["segment_ids"] *= 0
    names = (*backbone.input, "task_ids")
    return {name: inputs[name] for name in names}


@pytest.mark.parametrize("backbone", FITS, indirect=True)
def test_empty_slots_are_the_stock_backbone(backbone, inputs):
    expected = stock_outputs(backbone, inputs)
    outputs = AdaptedBackbone(backbone, num_tasks=2)(inputs)
    for key, value in expected.items():
        assert_same_to_rounding(outputs[key], value)


@pytest.mark.large
@pytest.mark.parametrize("backbone", FITS, indirect=True)
def test_houlsby_starts_as_the_stock_backbone_and_survives_a_keras_file(
    backbone, inputs, scramble, tmp_path
):
    stock = stock_outputs(backbone, inputs)
    encoder = AdaptedBackbone(backbone, tf_adapters.Houlsby(4), num_tasks=2)
    for key, value in stock.items():
        np.testing.assert_allclose(encoder(inputs)[key], value, atol=1e-4)
    assert len(encoder.task_layers()) == 4 + 5
    assert {id(w) for w in encoder.pretrained_weights()} == {
        id(w) for w in backbone.weights if "seed" not in w.path
    }
    scramble(encoder.trainable_weights)
    encoder.save(tmp_path / "encoder.keras")
    revived = keras.models.load_model(tmp_path / "encoder.keras")
    for key, value in encoder(inputs).items():
        np.testing.assert_array_equal(revived(inputs)[key], value)


@pytest.mark.parametrize("backbone", FITS, indirect=True)
def test_embedding_slot_is_as_wide_as_the_encoder(backbone, inputs):
    class Doubled(tf_adapters.Method):
        def slot_layer(self, slot, index, shape, shared):
            if slot == "embedding":
                return tf_adapters.layers.BottleneckAdapter(2, shape.num_tasks)

    encoder = AdaptedBackbone(backbone, Doubled(), num_tasks=2)
    assert encoder.embedding_adapter.up.shape == (2, 2, backbone.hidden_dim)
    stock = stock_outputs(backbone, inputs)["sequence_output"]
    outputs = encoder(inputs)["sequence_output"]
    np.testing.assert_allclose(outputs, stock, atol=1e-4)


@pytest.mark.parametrize("name", DOES_NOT_FIT)
def test_backbone_without_the_slots_is_refused_with_the_reason(name):
    cls, arguments, reason = DOES_NOT_FIT[name]
    sizes = {
        "vocabulary_size": 50,
        "num_layers": 1,
        "num_heads": 2,
        "hidden_dim": 16,
        "intermediate_dim": 32,
        "max_sequence_length": 16,
        **arguments,
    }
    backbone = cls(**{k: v for k, v in sizes.items() if v is not None})
    with pytest.raises(
        ValueError,
        match=f"post-norm.*Received: {cls.__name__}, which.*{reason}",
    ):
        AdaptedBackbone(backbone)


def test_pre_norm_encoder_is_refused(make_backbone):
    backbone = make_backbone()
    backbone.transformer_layers[1].normalize_first = True
    with pytest.raises(ValueError, match=r"\(`normalize_first`\)"):
        AdaptedBackbone(backbone)


@pytest.mark.parametrize("wrong", [None, "bert", keras.layers.Dense(2)])
def test_what_is_not_a_backbone_is_refused(wrong):
    with pytest.raises(
        ValueError, match="is not a `keras_nlp.models.Backbone`"
    ):
        AdaptedBackbone(wrong)

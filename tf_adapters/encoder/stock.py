"""What this library needs to know of a stock KerasNLP backbone."""

import keras
import keras_nlp

from tf_adapters.layers.activation import activation_name
from tf_adapters.layers.activation import get_activation

_NEEDED = (
    "transformer_layers",
    "token_embedding",
    "hidden_dim",
    "num_layers",
    "max_sequence_length",
)
_KNOWN = "BERT, RoBERTa, XLM-R, DistilBERT and ELECTRA"


def check_fits(backbone):
    """Refuses a backbone that slots cannot be put into, and says why.

    Args:
        backbone: what the user passed as a backbone.

    Raises:
        ValueError: if it is not a post-norm encoder of `TransformerEncoder`
            layers.
    """
    reason = _misfit(backbone)
    if reason:
        raise ValueError(
            "`backbone` must be a KerasNLP encoder made of post-norm "
            f"`TransformerEncoder` layers ({_KNOWN} are), because the slots "
            f"are places in that layer. Received: "
            f"{type(backbone).__name__}, which {reason}."
        )


def _misfit(backbone):
    if not isinstance(backbone, keras_nlp.models.Backbone):
        return "is not a `keras_nlp.models.Backbone`"
    missing = [name for name in _NEEDED if not hasattr(backbone, name)]
    if missing:
        return f"has no `{missing[0]}`"
    names = {layer.name for layer in backbone.layers}
    for name in ("embeddings_layer_norm", "embeddings_dropout"):
        if name not in names:
            return f"has no layer named `{name}`"
    for layer in backbone.transformer_layers:
        if type(layer) is not keras_nlp.layers.TransformerEncoder:
            return f"is built from `{type(layer).__name__}` layers"
        if layer.normalize_first:
            return "normalises before its sub-layers (`normalize_first`)"
    return None


def stock_config(backbone):
    """Returns all that is needed to build the same architecture again.

    Args:
        backbone: a backbone that fits.

    Returns:
        dict of `backbone`, `activation` and `layer_norm_epsilon`. The last
        two are read from the layers, since a KerasNLP constructor has no
        argument for them.
    """
    first = backbone.transformer_layers[0]
    return {
        "backbone": {
            "class_name": type(backbone).__name__,
            "config": _scalars(backbone.get_config()),
        },
        "activation": activation_name(first.activation),
        "layer_norm_epsilon": first.layer_norm_epsilon,
    }


def revive_backbone(config):
    """Builds a randomly initialised backbone from a `stock_config`."""
    wanted = config["backbone"]
    backbone_class = getattr(keras_nlp.models, wanted["class_name"])
    backbone = backbone_class.from_config(wanted["config"])
    set_numerics(backbone, config["activation"], config["layer_norm_epsilon"])
    return backbone


def set_numerics(backbone, activation, layer_norm_epsilon):
    """Sets what a KerasNLP backbone's constructor hard-codes, in place.

    Args:
        backbone: a backbone that fits.
        activation: str. Activation of the feed-forward layers.
        layer_norm_epsilon: float. Epsilon of every LayerNormalization.
    """
    backbone.get_layer("embeddings_layer_norm").epsilon = layer_norm_epsilon
    for layer in backbone.transformer_layers:
        layer.activation = get_activation(activation)
        layer._feedforward_intermediate_dense.activation = layer.activation
        layer.layer_norm_epsilon = layer_norm_epsilon
        layer._self_attention_layer_norm.epsilon = layer_norm_epsilon
        layer._feedforward_layer_norm.epsilon = layer_norm_epsilon


def _scalars(config):
    config = {k: v for k, v in config.items() if k not in ("name", "trainable")}
    if not isinstance(config.get("dtype"), str):
        policy = config.get("dtype")
        if isinstance(policy, keras.DTypePolicy):
            policy = keras.dtype_policies.serialize(policy)
        config["dtype"] = policy
    return config

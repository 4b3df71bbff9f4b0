"""BERT in NumPy, written from methods.md 0.2, to hold the encoder to.

a  = norm1(h + attention(h))
h' = norm2(a + feedforward(a))
"""

import numpy as np
from scipy.special import erf
from scipy.special import softmax


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def gelu_erf(x):
    return 0.5 * x * (1 + erf(x / np.sqrt(2)))


def layer_norm(x, gamma, beta, epsilon=1e-12):
    centred = x - x.mean(-1, keepdims=True)
    variance = (centred**2).mean(-1, keepdims=True)
    return centred / np.sqrt(variance + epsilon) * gamma + beta


def bert(backbone, inputs, slots=None, norm=None, gelu=gelu_tanh):
    """Computes a KerasNLP BERT in float64, without dropout.

    Args:
        backbone: a `BertBackbone`, of which only the weights are read.
        inputs: dict as for the backbone.
        slots: dict from the name of a slot to a function of its input and the
            index of the layer. Empty slots may be left out. What `prompt` puts
            before the text is attended to, and taken off the output.
        norm: function of an input, a gain, an offset and the name of the
            LayerNormalization. Defaults to `layer_norm`.
        gelu: function. Activation of the feed-forward layers.

    Returns:
        Tuple of `sequence_output`, `pooled_output` and a dict from a slot and
        the index of the layer to what the slot reads.
    """
    slots, read = slots or {}, {}
    norm = norm or (lambda x, gamma, beta, name: layer_norm(x, gamma, beta))

    def slot(name, x, index=0, empty=None):
        read[name, index] = x
        return slots[name](x, index) if name in slots else empty

    x = text = _embeddings(backbone, inputs)
    x = slot("prompt", x, empty=x)
    length = x.shape[1] - text.shape[1]
    mask = np.pad(
        inputs["padding_mask"], [(0, 0), (length, 0)], constant_values=1
    )
    x = norm(x, *_norm(backbone.embeddings_layer_norm), "embedding")
    x = slot("embedding", x, empty=x)
    for i, layer in enumerate(backbone.transformer_layers):
        h = x
        x = _attention(
            layer._self_attention_layer,
            h,
            mask,
            lambda name, x, i=i: slot(name, x, i, empty=0.0),
        )
        x = slot("attention", x, i, empty=x)
        gain = _norm(layer._self_attention_layer_norm)
        a = norm(x + h, *gain, f"{i}.attention")
        x = _dense(layer._feedforward_intermediate_dense, a)
        x = gelu(x + slot("intermediate", a, i, empty=0.0))
        added = slot("feedforward_output", x, i, empty=0.0)
        x = _dense(layer._feedforward_output_dense, x) + added
        x = slot("feedforward", x, i, empty=x)
        x = x + a + slot("parallel", h, i, empty=0.0)
        x = x + slot("parallel_feedforward", a, i, empty=0.0)
        x = norm(x, *_norm(layer._feedforward_layer_norm), f"{i}.feedforward")
        x = slot("output", x, i, empty=x)
    x = slot("top", x, empty=x)[:, length:]
    pooled = np.tanh(_dense(backbone.pooled_dense, x[:, 0]))
    return x, pooled, read


def _embeddings(backbone, inputs):
    tokens = _array(backbone.token_embedding.embeddings)[inputs["token_ids"]]
    positions = _array(backbone.position_embedding.position_embeddings)
    segments = _array(backbone.segment_embedding.embeddings)
    width = inputs["token_ids"].shape[1]
    return tokens + positions[:width] + segments[inputs["segment_ids"]]


def _attention(layer, h, mask, slot):
    q, k, v = (
        _heads(
            np.einsum("btd,dhe->bthe", h, _array(dense.kernel))
            + _array(dense.bias),
            slot(name, h),
        )
        for name, dense in (
            ("query", layer.query_dense),
            ("key", layer.key_dense),
            ("value", layer.value_dense),
        )
    )
    scores = np.einsum("bhte,bhse->bhts", q, k) / np.sqrt(q.shape[-1])
    scores = np.where(mask[:, None, None, :], scores, -np.inf)
    mixed = np.einsum("bhts,bhse->bthe", softmax(scores, axis=-1), v)
    kernel, bias = layer.output_dense.kernel, layer.output_dense.bias
    flat = mixed.reshape(*mixed.shape[:2], -1)
    outputs = flat @ _array(kernel).reshape(flat.shape[-1], -1)
    return outputs + _array(bias) + slot("attention_output", flat)


def _heads(projected, added):
    if not np.isscalar(added):
        added = np.reshape(added, projected.shape)
    return np.swapaxes(projected + added, 1, 2)


def _dense(layer, x):
    return x @ _array(layer.kernel) + _array(layer.bias)


def _norm(layer):
    return _array(layer.gamma), _array(layer.beta)


def _array(weight):
    return np.array(weight, "float64")

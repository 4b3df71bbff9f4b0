"""The post-norm attention sub-layer of BERT, with selected weights."""

import keras

from tf_adapters.layers.banks import bank
from tf_adapters.layers.normalise import normalise
from tf_adapters.layers.projected.attention import attend

# As in BERT.
EPSILON = 1e-12


def add_attention_block(layer, dim, stack=()):
    """Adds the banks of an attention sub-layer to a `TaskLayer`.

    Args:
        layer: a `TaskLayer` in its `build`.
        dim: int. Width of the sub-layer.
        stack: tuple. `(num_blocks,)` for several blocks in each bank.
    """
    for name in ("query", "key", "value", "output"):
        add_dense(layer, f"attention_{name}", dim, dim, stack)
    add_norm(layer, "attention", dim, stack)


def attention_block(weights, inputs, num_heads, padding_mask, dropout):
    """Computes `norm(inputs + attention(inputs))`.

    Args:
        weights: dict of the banks that `add_attention_block` added, selected.
        inputs: Tensor of shape `(batch_size, sequence_length, dim)`.
        num_heads: int.
        padding_mask: Tensor of shape `(batch_size, sequence_length)`.
        dropout: layer, for the attention probabilities and for the output.

    Returns:
        Tensor of the shape of `inputs`.
    """
    query, key, value = (
        dense(weights, f"attention_{name}", inputs)
        for name in ("query", "key", "value")
    )
    x = attend(query, key, value, num_heads, padding_mask, dropout)
    x = dropout(dense(weights, "attention_output", x))
    return norm(weights, "attention", inputs + x)


def add_dense(layer, name, input_dim, units, stack=()):
    """Adds the banks `<name>` and `<name>_bias`."""
    normal = keras.initializers.RandomNormal(stddev=0.02)
    layer.add_bank(name, (*stack, input_dim, units), normal)
    zeros = keras.initializers.Zeros()
    layer.add_bank(f"{name}_bias", (*stack, units), zeros)


def dense(weights, name, inputs, activation=None):
    """Applies the dense layer `name`."""
    kernel, bias = weights[name], weights[f"{name}_bias"]
    return bank.project(inputs, kernel, bias, activation)


def add_norm(layer, name, dim, stack=()):
    """Adds the banks `<name>_gamma` and `<name>_beta`."""
    ones, zeros = keras.initializers.Ones(), keras.initializers.Zeros()
    layer.add_bank(f"{name}_gamma", (*stack, dim), ones)
    layer.add_bank(f"{name}_beta", (*stack, dim), zeros)


def norm(weights, name, inputs):
    """Applies the LayerNorm `name`."""
    gamma, beta = (
        bank.over_tokens(weights[f"{name}_{part}"])
        for part in ("gamma", "beta")
    )
    return normalise(inputs, gamma, beta, EPSILON)

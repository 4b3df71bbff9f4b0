"""The layers of BERT and PALs in NumPy, written from methods.md 2.2.

`rows` is a dict from the name of a bank to the weights of the task of every
example, of shape `(batch_size, ...)`, in float64.
"""

import numpy as np
from scipy.special import expit
from scipy.special import softmax

from tests.numpy_bert import gelu_erf
from tests.numpy_bert import layer_norm


def rows_of(layer, task_ids):
    banks = layer.banks.items()
    return {name: np.array(bank, "float64")[task_ids] for name, bank in banks}


def linear(rows, name, x, bias=None):
    return x @ rows[name] + rows[bias or f"{name}_bias"][:, None]


def attend(query, key, value, num_heads, mask=None):
    """One head after the other."""
    units = query.shape[-1] // num_heads
    heads = []
    for i in range(num_heads):
        q, k, v = (
            x[..., i * units : (i + 1) * units] for x in (query, key, value)
        )
        scores = np.einsum("btu,bsu->bts", q, k) / np.sqrt(units)
        if mask is not None:
            scores = np.where(mask[:, None, :], scores, -np.inf)
        heads.append(softmax(scores, axis=-1) @ v)
    return np.concatenate(heads, axis=-1)


def attention(rows, x, num_heads, mask, prefix=""):
    projected = [
        linear(rows, f"{prefix}{name}", x) for name in ("query", "key", "value")
    ]
    return attend(*projected, num_heads, mask)


def pal(rows, x, num_heads, mask=None, activation=gelu_erf):
    z = attention(rows, linear(rows, "encoder", x), num_heads, mask)
    return activation(linear(rows, "decoder", z))


def projected_feedforward(rows, x):
    z = linear(rows, "encoder", x)
    z = gelu_erf(linear(rows, "intermediate", z))
    z = linear(rows, "outer", z, "outer_bias")
    return gelu_erf(linear(rows, "decoder", z))


def low_rank(rows, x):
    return linear(rows, "decoder", gelu_erf(linear(rows, "encoder", x)))


def hidden_unit_scale(rows, x):
    return x * 2 * expit(rows["scale"])[:, None]


def normalise(rows, name, x):
    gamma, beta = (rows[f"{name}_{w}"][:, None] for w in ("gamma", "beta"))
    return layer_norm(x, gamma, beta)


def attention_block(rows, x, num_heads, mask):
    mixed = attention(rows, x, num_heads, mask, "attention_")
    x = x + linear(rows, "attention_output", mixed)
    return normalise(rows, "attention", x)


def top_attention(rows, x, num_heads, mask=None):
    z = linear(rows, "encoder", x)
    for i in range(rows["attention_query"].shape[1]):
        block = {k: v[:, i] for k, v in rows.items() if "attention" in k}
        z = attention_block(block, z, num_heads, mask)
    return linear(rows, "decoder", z)


def top_transformer(rows, x, num_heads, mask=None, activation=gelu_erf):
    a = attention_block(rows, x, num_heads, mask)
    units = activation(linear(rows, "intermediate", a))
    return normalise(
        rows, "feedforward", a + linear(rows, "feedforward", units)
    )

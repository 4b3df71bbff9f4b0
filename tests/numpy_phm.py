"""The layers of Compacter in NumPy, written from methods.md 3.1 and 3.2.

`weights` is a dict from the name of a bank to the weights of one task, in
float64.
"""

import numpy as np

from tests.numpy_bert import gelu_tanh


def weights_of(task, *layers):
    """The weights of `task` in all of `layers`."""
    return {
        name: np.array(bank, "float64")[task]
        for layer in layers
        for name, bank in layer.banks.items()
    }


def matrices(weights, *names):
    """The weight that has one of `names`, or the product of its two sides."""
    for name in names:
        if name in weights:
            return weights[name]
        if f"{name}_left" in weights:
            pairs = zip(
                weights[f"{name}_left"], weights[f"{name}_right"], strict=True
            )
            return np.array([left @ right for left, right in pairs])
    raise KeyError(names)


def kernel(weights, name="kernel"):
    rule = matrices(weights, f"{name}_rule", "rule")
    factors = matrices(weights, f"{name}_factors", name)
    return sum(np.kron(a, b) for a, b in zip(rule, factors, strict=True))


def adapter(weights, x, down=None, up=None):
    """A bottleneck adapter, of PHM kernels if it is given no others."""
    down = kernel(weights, "down") if down is None else down
    up = kernel(weights, "up") if up is None else up
    units = gelu_tanh(x @ down + weights["down_bias"])
    return x + units @ up + weights["up_bias"]


def low_rank_adapter(weights, x):
    kernels = (
        weights[f"{name}_left"] @ weights[f"{name}_right"]
        for name in ("down", "up")
    )
    return adapter(weights, x, *kernels)

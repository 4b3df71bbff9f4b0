"""HyperFormer in NumPy, written from methods.md 4.1 and 4.2.

`tasks` are vectors of shape `(num_tasks, dim)`; weights are dicts from a name
to an array, in float64.
"""

import math

import numpy as np

from tests.numpy_bert import gelu_tanh
from tests.numpy_bert import layer_norm


def array(weight):
    return np.array(weight, "float64")


def dense(layer, x):
    return x @ array(layer.kernel) + array(layer.bias)


def condition(network, tasks, layer=0, position=0):
    """Task, layer and position through two dense layers and a norm."""
    parts = [tasks]
    if network.num_layers:
        parts.append(array(network.layers_table)[[layer] * len(tasks)])
    if network.num_positions:
        parts.append(array(network.positions_table)[[position] * len(tasks)])
    x = np.concatenate(parts, axis=-1)
    x = dense(network.projection, np.maximum(dense(network.hidden, x), 0))
    gain, offset = array(network.norm.gamma), array(network.norm.beta)
    return layer_norm(x, gain, offset, epsilon=1e-6)


def generated(generator, vectors):
    """The weights of an adapter for each vector, by name."""
    d, m = generator.hidden_dim, generator.bottleneck_dim
    shapes = {
        "down": (d, m),
        "down_bias": (m,),
        "up": (m, d),
        "up_bias": (d,),
        "gamma": (d,),
        "beta": (d,),
    }
    made = {}
    for name, shape in shapes.items():
        network = getattr(generator, f"{name}_generator")
        assert network.kernel.shape[1] == math.prod(shape)
        made[name] = dense(network, vectors).reshape(-1, *shape)
    return made


def adapter(weights, x, epsilon=1e-5):
    """x + norm(gelu(x down + b) up + b), of one task."""
    units = gelu_tanh(x @ weights["down"] + weights["down_bias"])
    added = units @ weights["up"] + weights["up_bias"]
    return x + layer_norm(added, weights["gamma"], weights["beta"], epsilon)


def generated_adapter(layer, x, task_ids):
    """What a `GeneratedAdapter` returns, with a task for each example."""
    vectors = array(layer.tasks.embedding)
    if layer.condition is not None:
        vectors = condition(
            layer.condition, vectors, layer.layer, layer.position
        )
    return by_task(generated(layer.generator, vectors), x, task_ids)


def by_task(banks, x, task_ids, **shared):
    """Adapters of several tasks, whose weights are stacked on axis 0."""
    rows = zip(x, task_ids, strict=True)
    return np.stack(
        [
            adapter({k: v[t] for k, v in banks.items()} | shared, row)
            for row, t in rows
        ]
    )

"""Every layer, small, for three tasks. One line here joins all conformance."""

import dataclasses
from collections.abc import Callable

import keras
import numpy as np

from tf_adapters import layers

NUM_TASKS = 3
HIDDEN = (6, 4, 8)
POOLED = (6, 8)


@dataclasses.dataclass(frozen=True)
class Row:
    make: Callable
    input_shape: tuple
    serializable: bool = True
    add_task: Callable = lambda layer: layer.add_tasks(1)


def norm(**kwargs):
    pretrained = keras.layers.LayerNormalization(epsilon=1e-12, **kwargs)
    pretrained.build(HIDDEN)
    pretrained.gamma.assign(np.linspace(0.5, 2, HIDDEN[-1]))
    pretrained.beta.assign(np.linspace(-1, 1, HIDDEN[-1]))
    pretrained.trainable = False
    return pretrained


LAYERS = {
    "bottleneck": Row(
        lambda **kw: layers.BottleneckAdapter(3, num_tasks=NUM_TASKS, **kw),
        HIDDEN,
    ),
    "folded": Row(
        lambda **kw: layers.FoldedAdapter(3, num_tasks=NUM_TASKS, **kw), HIDDEN
    ),
    "hidden_unit_scale": Row(
        lambda **kw: layers.HiddenUnitScale(num_tasks=NUM_TASKS, **kw), HIDDEN
    ),
    "joined": Row(
        lambda **kw: layers.JoinedAdapter(
            3, ("relu", "gelu_exact"), num_tasks=NUM_TASKS, **kw
        ),
        HIDDEN,
    ),
    "joined_folded": Row(
        lambda **kw: layers.JoinedFoldedAdapter(
            3, ("relu", "gelu_exact"), num_tasks=NUM_TASKS, **kw
        ),
        HIDDEN,
    ),
    "low_rank": Row(
        lambda **kw: layers.LowRank(3, num_tasks=NUM_TASKS, **kw), HIDDEN
    ),
    "low_rank_residual": Row(
        lambda **kw: layers.LowRank(
            3, residual=True, num_tasks=NUM_TASKS, **kw
        ),
        HIDDEN,
    ),
    "low_rank_bottleneck": Row(
        lambda **kw: layers.LowRankBottleneckAdapter(
            3, rank=2, num_tasks=NUM_TASKS, **kw
        ),
        HIDDEN,
    ),
    "low_rank_update": Row(
        lambda **kw: layers.LowRankUpdate(5, 2, num_tasks=NUM_TASKS, **kw),
        HIDDEN,
    ),
    "normalized_adapter": Row(
        lambda **kw: layers.NormalizedAdapter(3, num_tasks=NUM_TASKS, **kw),
        HIDDEN,
    ),
    "phm_bottleneck": Row(
        lambda **kw: layers.PHMBottleneckAdapter(
            6, phm_dim=2, num_tasks=NUM_TASKS, **kw
        ),
        HIDDEN,
    ),
    "phm_bottleneck_full_rank": Row(
        lambda **kw: layers.PHMBottleneckAdapter(
            4,
            phm_dim=4,
            rank=None,
            factorize_rule=True,
            num_tasks=NUM_TASKS,
            **kw,
        ),
        HIDDEN,
    ),
    "phm_dense": Row(
        lambda **kw: layers.PHMDense(8, phm_dim=2, num_tasks=NUM_TASKS, **kw),
        HIDDEN,
    ),
    "phm_dense_factored": Row(
        lambda **kw: layers.PHMDense(
            8,
            phm_dim=4,
            rank=2,
            materialise=False,
            num_tasks=NUM_TASKS,
            **kw,
        ),
        HIDDEN,
    ),
    "projected_attention": Row(
        lambda **kw: layers.ProjectedAttention(
            6, num_heads=2, num_tasks=NUM_TASKS, **kw
        ),
        HIDDEN,
    ),
    "projected_attention_shared": Row(
        lambda **kw: layers.ProjectedAttention(
            6,
            num_heads=3,
            projections=layers.TaskProjections(6, num_tasks=NUM_TASKS, **kw),
            num_tasks=NUM_TASKS,
            **kw,
        ),
        HIDDEN,
        add_task=lambda layer: [
            part.add_tasks(1) for part in (layer, layer.projections)
        ],
    ),
    "projected_feedforward": Row(
        lambda **kw: layers.ProjectedFeedForward(
            3, intermediate_dim=5, num_tasks=NUM_TASKS, **kw
        ),
        HIDDEN,
    ),
    "prompt": Row(
        lambda **kw: layers.Prompt(2, num_tasks=NUM_TASKS, **kw), HIDDEN
    ),
    "task_bias": Row(
        lambda **kw: layers.TaskBias(5, num_tasks=NUM_TASKS, **kw), HIDDEN
    ),
    "task_heads": Row(
        lambda **kw: layers.TaskHeads([2, 3, 1], **kw),
        POOLED,
        add_task=lambda layer: layer.add_heads([2]),
    ),
    "task_layer_norm": Row(
        lambda **kw: layers.TaskLayerNormalization(norm(**kw), NUM_TASKS, **kw),
        HIDDEN,
        serializable=False,
    ),
    "task_layer_norm_offsets": Row(
        lambda **kw: layers.TaskLayerNormalization(
            norm(**kw), NUM_TASKS, only_offsets=True, **kw
        ),
        HIDDEN,
        serializable=False,
    ),
    "task_projections": Row(
        lambda **kw: layers.TaskProjections(3, num_tasks=NUM_TASKS, **kw),
        HIDDEN,
    ),
    "top_attention": Row(
        lambda **kw: layers.TopAttention(
            6, num_blocks=2, num_heads=3, num_tasks=NUM_TASKS, **kw
        ),
        HIDDEN,
    ),
    "top_transformer": Row(
        lambda **kw: layers.TopTransformer(2, 5, num_tasks=NUM_TASKS, **kw),
        HIDDEN,
    ),
}

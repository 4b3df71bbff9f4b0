"""Adapters of each task, whose LayerNorms are shared: HyperFormer's baseline.

Mahabadi et al., 2021, https://arxiv.org/abs/2106.04489

    python train.py multitask_adapters --data_dir DIR \
        --tasks cola mrpc rte stsb

Private to a task: adapters and head. Shared and trained: the LayerNorm of
every adapter and those of BERT. Shared and frozen: the rest of BERT.
"""

import dataclasses

from tf_adapters.methods import MultiTaskAdapters
from tf_adapters.training.config import TrainConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(TrainConfig):
    """Settings of the paper, where a small encoder has them.

    Attributes:
        bottleneck_dim: size of the bottleneck.
        activation: activation inside the adapter.
    """

    pooling: str = "first"
    batching: str = "one_task"
    rate: str = "temperature"
    temperature: float = 10.0
    label_smoothing: float = 0.1
    learning_rate: float = 3e-4
    weight_decay: float = 0.0
    bottleneck_dim: int = 24
    activation: str = "gelu_approximate"


def method(config: Config) -> MultiTaskAdapters:
    """Returns the method that `config` describes."""
    return MultiTaskAdapters(
        bottleneck_dim=config.bottleneck_dim,
        activation=config.activation,
    )

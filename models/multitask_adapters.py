"""Adapters of each task, whose LayerNorms are shared: HyperFormer's baseline.

Mahabadi et al., 2021, https://arxiv.org/abs/2106.04489

    python train.py multitask_adapters --data_dir DIR \
        --tasks cola mrpc rte stsb

Dev, MiniLM, --tasks cola mrpc rte stsb sst2 --caps sst2=10000 --num_epochs 4
--steps_per_epoch 600 --dtype mixed_bfloat16, seed 0: CoLA 0.0 Matthews, MRPC
82.8 accuracy and 87.9 F1, RTE 57.0, STS-B 86.1 Pearson and 85.6 Spearman, SST-2
83.5; mean 62.3.

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
        init_gain: what the gains of the adapters' LayerNorms start at.
    """

    pooling: str = "first"
    batching: str = "one_task"
    rate: str = "temperature"
    temperature: float = 10.0
    label_smoothing: float = 0.1
    # The paper's is 3e-4, for T5.
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    bottleneck_dim: int = 24
    activation: str = "gelu_approximate"
    # The authors' 1 leaves a frozen MiniLM at the majority class.
    init_gain: float = 0.1


def method(config: Config) -> MultiTaskAdapters:
    """Returns the method that `config` describes."""
    return MultiTaskAdapters(
        bottleneck_dim=config.bottleneck_dim,
        activation=config.activation,
        init_gain=config.init_gain,
    )

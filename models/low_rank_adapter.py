"""Adapters of low rank: a baseline of Compacter.

Mahabadi et al., 2021, https://arxiv.org/abs/2106.04647, section 4

    python train.py low_rank_adapter --data_dir DIR --tasks cola mrpc rte stsb

Dev, MiniLM, --num_epochs 3 --dtype mixed_bfloat16, seed 0: CoLA 15.7 Matthews,
MRPC 75.5 accuracy and 83.8 F1, RTE 55.6, STS-B 86.2 Pearson and 86.0 Spearman;
mean 59.3, with --learning_rate 1e-3 57.4.

Private to a task: adapters, LayerNorms and head. Shared: the frozen BERT.
"""

import dataclasses

from tf_adapters.methods import LowRankAdapter
from tf_adapters.training.config import TrainConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(TrainConfig):
    """Settings of the paper.

    Attributes:
        bottleneck_dim: size of the bottleneck.
        rank: rank of the kernels.
        activation: activation inside the adapter.
    """

    # As in `houlsby`, and for the same reasons.
    pooling: str = "first"
    batching: str = "one_task"
    learning_rate: float = 3e-3
    num_epochs: int = 20
    weight_decay: float = 0.0
    bottleneck_dim: int = 24
    rank: int = 1
    activation: str = "gelu_approximate"


def method(config: Config) -> LowRankAdapter:
    """Returns the method that `config` describes."""
    return LowRankAdapter(
        bottleneck_dim=config.bottleneck_dim,
        rank=config.rank,
        activation=config.activation,
    )

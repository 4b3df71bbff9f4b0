"""Compacter++: low-rank hypercomplex adapters after every feed-forward.

Mahabadi et al., 2021, https://arxiv.org/abs/2106.04647

    python train.py compacter_plus_plus --data_dir DIR \
        --tasks cola mrpc rte stsb

Dev, MiniLM, --num_epochs 3 --dtype mixed_bfloat16, seed 0: CoLA 11.2 Matthews,
MRPC 76.5 accuracy and 84.7 F1, RTE 54.2, STS-B 85.3 Pearson and 85.2 Spearman;
mean 57.8, with --learning_rate 1e-3 55.1.

Private to a task: factors, the one rule of all its adapters, LayerNorms and
head. Shared: the frozen BERT. The warm-up is a fraction of the steps; the
paper's 500 steps are the whole of a small task's training.
"""

import dataclasses

from tf_adapters.methods import CompacterPlusPlus
from tf_adapters.training.config import TrainConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(TrainConfig):
    """Settings of the paper.

    Attributes:
        bottleneck_dim: size of the bottleneck.
        phm_dim: number of Kronecker products; divides bottleneck and width.
        rank: rank of the factors.
        learn_rule: train the rule.
        factorize_rule: make the matrices of the rule of rank one.
        activation: activation inside the adapter.
    """

    # As in `houlsby`, and for the same reasons.
    pooling: str = "first"
    batching: str = "one_task"
    learning_rate: float = 3e-3
    num_epochs: int = 20
    weight_decay: float = 0.0
    bottleneck_dim: int = 24
    phm_dim: int = 4
    rank: int = 1
    learn_rule: bool = True
    factorize_rule: bool = False
    activation: str = "gelu_approximate"


def method(config: Config) -> CompacterPlusPlus:
    """Returns the method that `config` describes."""
    return CompacterPlusPlus(
        bottleneck_dim=config.bottleneck_dim,
        phm_dim=config.phm_dim,
        rank=config.rank,
        learn_rule=config.learn_rule,
        factorize_rule=config.factorize_rule,
        activation=config.activation,
    )

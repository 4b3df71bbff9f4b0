"""Compacter: low-rank hypercomplex adapters in both slots of every layer.

Mahabadi et al., 2021, https://arxiv.org/abs/2106.04647

    python train.py compacter --data_dir DIR --tasks cola mrpc rte stsb

Dev, MiniLM, --num_epochs 10 --dtype mixed_bfloat16, seed 0: CoLA 22.4 Matthews,
MRPC 82.1 accuracy and 87.6 F1, RTE 53.8, STS-B 87.0 Pearson and 86.7 Spearman;
mean 62.0, with seed 1 61.3. With --num_epochs 3 7.2, 76.0 and 84.0, 50.9, 85.0
and 84.9. CoLA alone has 19.7 with the paper's 20 epochs, 23.1 with --phm_dim 12
--num_epochs 10; RTE alone 56.7 with --phm_dim 12 and 20 epochs. With --phm_dim
12 --bottleneck_dim 48 --learning_rate 2e-3 --num_epochs 10 the mean is 60.8.

Private to a task: factors, the one rule of all its adapters, LayerNorms and
head. Shared: the frozen BERT. The warm-up is a fraction of the steps; the
paper's 500 steps are the whole of a small task's training.
"""

import dataclasses

from tf_adapters.methods import Compacter
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


def method(config: Config) -> Compacter:
    """Returns the method that `config` describes."""
    return Compacter(
        bottleneck_dim=config.bottleneck_dim,
        phm_dim=config.phm_dim,
        rank=config.rank,
        learn_rule=config.learn_rule,
        factorize_rule=config.factorize_rule,
        activation=config.activation,
    )

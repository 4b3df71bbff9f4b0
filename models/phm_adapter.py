"""PHM adapters: factors of full rank, a rule for each kernel.

Mahabadi et al., 2021, https://arxiv.org/abs/2106.04647, section 4

    python train.py phm_adapter --data_dir DIR --tasks cola mrpc rte stsb

Dev, MiniLM, --num_epochs 3 --dtype mixed_bfloat16, seed 0: CoLA 22.7 Matthews,
MRPC 79.2 accuracy and 86.0 F1, RTE 54.2, STS-B 85.3 Pearson and 85.3 Spearman;
mean 61.2. With --learning_rate 3e-3 CoLA stays at the majority; mean 55.5.

Private to a task: adapters, LayerNorms and head. Shared: the frozen BERT.
"""

import dataclasses

from tf_adapters.methods import PHMAdapter
from tf_adapters.training.config import TrainConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(TrainConfig):
    """Settings of the paper.

    Attributes:
        bottleneck_dim: size of the bottleneck.
        phm_dim: number of Kronecker products; divides bottleneck and width.
        learn_rule: train the rule.
        factorize_rule: make the matrices of the rule of rank one.
        activation: activation inside the adapter.
    """

    # As in `houlsby`, and for the same reasons.
    pooling: str = "first"
    batching: str = "one_task"
    # The paper's is 3e-3, for T5.
    learning_rate: float = 1e-3
    num_epochs: int = 20
    weight_decay: float = 0.0
    bottleneck_dim: int = 24
    phm_dim: int = 12
    learn_rule: bool = True
    factorize_rule: bool = False
    activation: str = "gelu_approximate"


def method(config: Config) -> PHMAdapter:
    """Returns the method that `config` describes."""
    return PHMAdapter(
        bottleneck_dim=config.bottleneck_dim,
        phm_dim=config.phm_dim,
        learn_rule=config.learn_rule,
        factorize_rule=config.factorize_rule,
        activation=config.activation,
    )

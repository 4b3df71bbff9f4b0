"""Low-rank layers of each task beside every layer of BERT.

Stickland and Murray, 2019, https://arxiv.org/abs/1902.02671

    python train.py pals_low_rank --data_dir DIR --tasks cola mrpc rte stsb

Dev, MiniLM, --dim 76, five tasks, as in `pals`: CoLA 14.5 Matthews, MRPC 78.9
accuracy and 85.2 F1, RTE 58.1, STS-B 84.0 Pearson and 84.3 Spearman, SST-2
86.7; mean 65.1.

Private to a task: the low-rank layers. Shared and trained: BERT.
"""

import dataclasses

from tf_adapters.methods import PALsLowRank
from tf_adapters.runs.joint_config import JointTrainConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(JointTrainConfig):
    """Settings of the paper.

    Attributes:
        dim: width of the narrow space of a task.
        activation: applied in the narrow space; "linear" is the paper's map.
    """

    dim: int = 100
    activation: str = "gelu_exact"


def method(config: Config) -> PALsLowRank:
    """Returns the method that `config` describes."""
    return PALsLowRank(
        dim=config.dim,
        activation=config.activation,
        freeze=config.freeze,
    )

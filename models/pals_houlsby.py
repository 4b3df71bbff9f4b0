"""The authors' hybrid: serial at attention, parallel at feed-forward.

Stickland and Murray, 2019, https://arxiv.org/abs/1902.02671

    python train.py pals_houlsby --data_dir DIR --tasks cola mrpc rte stsb

Private to a task: the low-rank layers. Shared and trained: BERT. The adapters
of the recipe `houlsby` are serial in both places and BERT is frozen there.
"""

import dataclasses

from tf_adapters.methods import PALsHoulsby
from tf_adapters.runs.joint_config import JointTrainConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(JointTrainConfig):
    """Settings of the paper.

    Attributes:
        dim: width of the narrow space of a task.
        activation: applied in the narrow space.
    """

    dim: int = 50
    activation: str = "gelu_exact"


def method(config: Config) -> PALsHoulsby:
    """Returns the method that `config` describes."""
    return PALsHoulsby(
        dim=config.dim,
        activation=config.activation,
        freeze=config.freeze,
    )

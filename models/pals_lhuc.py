"""A factor of each task for every hidden unit of BERT.

Stickland and Murray, 2019, https://arxiv.org/abs/1902.02671

    python train.py pals_lhuc --data_dir DIR --tasks cola mrpc rte stsb

Private to a task: the factors. Shared and trained: BERT.
"""

import dataclasses

from tf_adapters.methods import PALsLHUC
from tf_adapters.runs.joint_config import JointTrainConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(JointTrainConfig):
    """Settings of the paper."""


def method(config: Config) -> PALsLHUC:
    """Returns the method that `config` describes."""
    return PALsLHUC(
        freeze=config.freeze,
    )

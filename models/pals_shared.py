"""One BERT trained by all tasks, with nothing of their own but heads.

Stickland and Murray, 2019, https://arxiv.org/abs/1902.02671

    python train.py pals_shared --data_dir DIR --tasks cola mrpc rte stsb

Private to a task: its head. Shared and trained: BERT.
"""

import dataclasses

from tf_adapters.methods import SharedEncoder
from tf_adapters.training.joint_config import JointTrainConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(JointTrainConfig):
    """Settings of the paper."""


def method(config: Config) -> SharedEncoder:
    """Returns the method that `config` describes."""
    return SharedEncoder(
        freeze=config.freeze,
    )

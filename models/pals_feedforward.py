"""PALs with a feed-forward layer in the place of attention.

Stickland and Murray, 2019, https://arxiv.org/abs/1902.02671

    python train.py pals_feedforward --data_dir DIR --tasks cola mrpc rte stsb

Private to a task: the feed-forward of every layer, and the projections that
all its layers share. Shared and trained: BERT.
"""

import dataclasses

from tf_adapters.methods import PALsFeedForward
from tf_adapters.runs.joint_config import JointTrainConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(JointTrainConfig):
    """Settings of the paper.

    Attributes:
        dim: width of the narrow space of a task.
        feedforward_dim: units of the feed-forward layer.
    """

    dim: int = 204
    feedforward_dim: int = 306


def method(config: Config) -> PALsFeedForward:
    """Returns the method that `config` describes."""
    return PALsFeedForward(
        dim=config.dim,
        intermediate_dim=config.feedforward_dim,
        freeze=config.freeze,
    )

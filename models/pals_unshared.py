"""PALs whose layers have projections of their own.

Stickland and Murray, 2019, https://arxiv.org/abs/1902.02671

    python train.py pals_unshared --data_dir DIR --tasks cola mrpc rte stsb

Private to a task: attention and projections of every layer. Shared and
trained: BERT.
"""

import dataclasses

from tf_adapters.methods import PALs
from tf_adapters.runs.joint_config import JointTrainConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(JointTrainConfig):
    """Settings of the paper.

    Attributes:
        dim: width of the narrow space of a task.
        pal_heads: attention heads; they must divide `dim`.
        layers: "all", or the "top" or "bottom" half of them.
        activation: applied to the result; "linear" is the paper's equation.
    """

    dim: int = 84
    pal_heads: int = 12
    layers: str = "all"
    activation: str = "gelu_exact"


def method(config: Config) -> PALs:
    """Returns the method that `config` describes."""
    return PALs(
        share_projections=False,
        dim=config.dim,
        num_heads=config.pal_heads,
        layers=config.layers,
        activation=config.activation,
        freeze=config.freeze,
    )

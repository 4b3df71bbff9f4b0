"""Only the LayerNorms are trained, a copy for each task.

Houlsby et al., 2019, section 3.4, https://arxiv.org/abs/1902.00751

    python train.py layer_norm_only --tasks rte --data_dir DIR
"""

import dataclasses

from tf_adapters.methods import LayerNormOnly
from tf_adapters.training.config import TrainConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(TrainConfig):
    """Settings of `houlsby`; the few weights take a high rate."""

    pooling: str = "first"
    batching: str = "one_task"
    learning_rate: float = 3e-3


def method(config: Config) -> LayerNormOnly:
    """Returns the method that `config` describes."""
    return LayerNormOnly()

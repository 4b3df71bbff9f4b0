"""Full fine-tuning: every weight of BERT, jointly if there are several tasks.

Devlin et al., 2019, https://arxiv.org/abs/1810.04805

    python train.py full_fine_tuning --tasks rte --data_dir DIR
"""

import dataclasses

from tf_adapters.methods import FullFineTuning
from tf_adapters.training.config import TrainConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(TrainConfig):
    """Settings of BERT's authors, with the rate that a small model needs."""

    pooling: str = "first"
    learning_rate: float = 1e-4


def method(config: Config) -> FullFineTuning:
    """Returns the method that `config` describes."""
    return FullFineTuning()

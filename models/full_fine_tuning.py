"""Full fine-tuning: every weight of BERT, jointly if there are several tasks.

Devlin et al., 2019, https://arxiv.org/abs/1810.04805

    python train.py full_fine_tuning --tasks rte --data_dir DIR

Dev, MiniLM, 3 epochs, one task at a time, seed 0: CoLA 28.2 Matthews, MRPC 82.3
accuracy and 87.3 F1, RTE 58.5 accuracy, STS-B 86.3 Pearson and 86.1 Spearman.
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

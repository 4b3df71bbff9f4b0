"""LoRA: low-rank updates of queries and values.

Hu et al., 2022, https://arxiv.org/abs/2106.09685

    python train.py lora --data_dir DIR --tasks cola mrpc rte stsb

Dev, MiniLM, --num_epochs 3 --dtype mixed_bfloat16, seed 0: CoLA 18.5 Matthews,
MRPC 77.9 accuracy and 84.9 F1, RTE 54.2, STS-B 84.9 Pearson and 84.8 Spearman;
mean 59.7, with --learning_rate 3e-3 53.1.

Private to a task: updates and head. Shared: the frozen BERT.
"""

import dataclasses

from tf_adapters.methods import LoRA
from tf_adapters.training.config import TrainConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(TrainConfig):
    """Settings of the paper, for a small encoder.

    Attributes:
        rank: rank of the updates.
        alpha: an update is scaled by `alpha / rank`.
        targets: the dense layers that are updated.
    """

    # As in `houlsby`, and for the same reasons.
    pooling: str = "first"
    batching: str = "one_task"
    learning_rate: float = 1e-3
    rank: int = 8
    alpha: float = 16.0
    targets: tuple[str, ...] = ("query", "value")


def method(config: Config) -> LoRA:
    """Returns the method that `config` describes."""
    return LoRA(
        rank=config.rank,
        alpha=config.alpha,
        targets=config.targets,
    )

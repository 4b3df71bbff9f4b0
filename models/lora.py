"""LoRA: low-rank updates of queries and values.

Hu et al., 2022, https://arxiv.org/abs/2106.09685

    python train.py lora --data_dir DIR --tasks cola mrpc rte stsb

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

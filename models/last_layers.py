"""Fine-tuning of the last layers only, shared by all tasks.

Houlsby et al., 2019, section 3.4, https://arxiv.org/abs/1902.00751, where it
is called variable fine-tuning.

    python train.py last_layers --trained_layers 2 --tasks rte --data_dir DIR
"""

import dataclasses

from tf_adapters.methods import LastLayers
from tf_adapters.training.config import TrainConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(TrainConfig):
    """Settings of `full_fine_tuning`, with the number of layers.

    Attributes:
        trained_layers: how many layers are trained, counted from the top.
    """

    trained_layers: int = 2
    pooling: str = "first"
    learning_rate: float = 1e-4


def method(config: Config) -> LastLayers:
    """Returns the method that `config` describes."""
    return LastLayers(num_layers=config.trained_layers)

"""Houlsby adapters: two bottlenecks a layer, per task, on a frozen BERT.

Houlsby et al., 2019, https://arxiv.org/abs/1902.00751

    python train.py houlsby --preset minilm --data_dir DIR \
        --tasks cola mrpc rte stsb
"""

import dataclasses

from tf_adapters.methods import Houlsby
from tf_adapters.training.config import TrainConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(TrainConfig):
    """Settings of the paper, where a MiniLM of width 384 has them.

    Attributes:
        bottleneck_dim: size of the bottleneck.
        activation: activation inside the adapter.
        init_stddev: standard deviation that the adapters are drawn with.
    """

    bottleneck_dim: int = 64
    activation: str = "gelu_approximate"
    init_stddev: float = 1e-3
    learning_rate: float = 1e-3


def method(config: Config) -> Houlsby:
    """Returns the method that `config` describes."""
    return Houlsby(
        bottleneck_dim=config.bottleneck_dim,
        activation=config.activation,
        init_stddev=config.init_stddev,
    )

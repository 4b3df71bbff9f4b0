"""One bottleneck a layer, in a slot of your choice, per task.

Pfeiffer et al., 2021, https://arxiv.org/abs/2005.00247

    python train.py pfeiffer --tasks rte --data_dir DIR --slot attention

Dev, MiniLM, --tasks cola mrpc rte stsb --bottleneck_dim 24 --dtype
mixed_bfloat16, seed 0: CoLA 23.7 Matthews, MRPC 79.7 accuracy and 86.1 F1, RTE
57.0, STS-B 85.8 Pearson and 85.7 Spearman; mean 62.3, with --learning_rate
3e-4 58.3.
"""

import dataclasses

from tf_adapters.methods import Pfeiffer
from tf_adapters.training.config import TrainConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(TrainConfig):
    """Settings of `houlsby`, with the slot.

    Attributes:
        slot: "feedforward" or "attention".
        bottleneck_dim: size of the bottleneck.
        activation: activation inside the adapter.
        init_stddev: standard deviation that the adapters are drawn with.
    """

    slot: str = "feedforward"
    bottleneck_dim: int = 64
    activation: str = "gelu_approximate"
    init_stddev: float = 1e-2
    pooling: str = "first"
    batching: str = "one_task"
    learning_rate: float = 1e-3


def method(config: Config) -> Pfeiffer:
    """Returns the method that `config` describes."""
    return Pfeiffer(
        slot=config.slot,
        bottleneck_dim=config.bottleneck_dim,
        activation=config.activation,
        init_stddev=config.init_stddev,
    )

"""HyperFormer++: one hypernetwork for all tasks, layers and slots.

Mahabadi et al., 2021, https://arxiv.org/abs/2106.04489

    python train.py hyperformer_plus_plus --data_dir DIR \
        --tasks cola mrpc rte stsb

Private to a task: its embedding and head. Shared and trained:
the hypernetwork and the LayerNorms. Shared and frozen: BERT.
"""

import dataclasses

from tf_adapters.methods import HyperFormerPlusPlus
from tf_adapters.training.config import TrainConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(TrainConfig):
    """Settings of the paper, where a small encoder has them.

    Attributes:
        bottleneck_dim: size of the bottleneck.
        embedding_dim: size of the embedding of a task.
        projector_dim: units between embeddings and generators.
        activation: activation inside the adapter.
    """

    pooling: str = "first"
    batching: str = "one_task"
    rate: str = "temperature"
    temperature: float = 10.0
    label_smoothing: float = 0.1
    learning_rate: float = 3e-4
    weight_decay: float = 0.0
    bottleneck_dim: int = 24
    embedding_dim: int = 64
    projector_dim: int = 128
    activation: str = "gelu_approximate"


def method(config: Config) -> HyperFormerPlusPlus:
    """Returns the method that `config` describes."""
    return HyperFormerPlusPlus(
        bottleneck_dim=config.bottleneck_dim,
        embedding_dim=config.embedding_dim,
        projector_dim=config.projector_dim,
        activation=config.activation,
    )

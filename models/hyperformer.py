"""HyperFormer: a hypernetwork in every slot of every layer.

Mahabadi et al., 2021, https://arxiv.org/abs/2106.04489

    python train.py hyperformer --data_dir DIR \
        --tasks cola mrpc rte stsb

Private to a task: its embedding and head. Shared and trained:
the hypernetwork and the LayerNorms. Shared and frozen: BERT.
"""

import dataclasses

from tf_adapters.methods import HyperFormer
from tf_adapters.training.config import TrainConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(TrainConfig):
    """Settings of the paper, where a small encoder has them.

    Attributes:
        bottleneck_dim: size of the bottleneck.
        embedding_dim: size of the embedding of a task.
        activation: activation inside the adapter.
    """

    pooling: str = "first"
    batching: str = "one_task"
    rate: str = "temperature"
    temperature: float = 10.0
    label_smoothing: float = 0.1
    # The paper's is 3e-4, for T5. A generated weight moves by the sum over the
    # 64 numbers of an embedding: about 50 times the rate in a step of Adam.
    learning_rate: float = 1e-4
    weight_decay: float = 0.0
    bottleneck_dim: int = 24
    embedding_dim: int = 64
    activation: str = "gelu_approximate"


def method(config: Config) -> HyperFormer:
    """Returns the method that `config` describes."""
    return HyperFormer(
        bottleneck_dim=config.bottleneck_dim,
        embedding_dim=config.embedding_dim,
        activation=config.activation,
    )

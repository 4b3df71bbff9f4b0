"""HyperFormer with a hypernetwork for each slot, shared by all layers.

Mahabadi et al., 2021, https://arxiv.org/abs/2106.04489

    python train.py hyperformer_shared --data_dir DIR \
        --tasks cola mrpc rte stsb

Private to a task: its embedding and head. Shared and trained:
the hypernetwork and the LayerNorms. Shared and frozen: BERT.
This is what the file `hyperformer.json` of the authors' code builds.
"""

import dataclasses

from tf_adapters.methods import HyperFormerShared
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
    # The paper's is 3e-4, for T5. A generated weight moves by the sum over the
    # 64 numbers of an embedding: about 50 times the rate in a step of Adam.
    learning_rate: float = 1e-4
    weight_decay: float = 0.0
    bottleneck_dim: int = 24
    embedding_dim: int = 64
    projector_dim: int = 128
    activation: str = "gelu_approximate"


def method(config: Config) -> HyperFormerShared:
    """Returns the method that `config` describes."""
    return HyperFormerShared(
        bottleneck_dim=config.bottleneck_dim,
        embedding_dim=config.embedding_dim,
        projector_dim=config.projector_dim,
        activation=config.activation,
    )

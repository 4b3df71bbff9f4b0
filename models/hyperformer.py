"""HyperFormer: a hypernetwork in every slot of every layer.

Mahabadi et al., 2021, https://arxiv.org/abs/2106.04489

    python train.py hyperformer --data_dir DIR \
        --tasks cola mrpc rte stsb

Private to a task: its embedding and head. Shared and trained:
the hypernetwork and the LayerNorms. Shared and frozen: BERT.
"""

from tf_adapters.methods import HyperFormer
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.runs.shared_settings import HYPERFORMER_SETTINGS
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf

Config, method = derive(HyperFormer, HYPERFORMER_SETTINGS)

space = {
    "learning_rate": Between(3e-5, 1e-3),
    "bottleneck_dim": OneOf(12, 24, 48),
    "embedding_dim": OneOf(32, 64, 128),
}

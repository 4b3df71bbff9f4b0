"""HyperFormer with a hypernetwork for each slot, shared by all layers.

Mahabadi et al., 2021, https://arxiv.org/abs/2106.04489

    python train.py hyperformer_shared --data_dir DIR \
        --tasks cola mrpc rte stsb

Private to a task: its embedding and head. Shared and trained:
the hypernetwork and the LayerNorms. Shared and frozen: BERT.
This is what the file `hyperformer.json` of the authors' code builds.
"""

from tf_adapters.methods import HyperFormerShared
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.runs.shared_settings import HYPERFORMER_SETTINGS
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf

Config, method = derive(HyperFormerShared, HYPERFORMER_SETTINGS)

space = {
    "learning_rate": Between(3e-5, 1e-3),
    "bottleneck_dim": OneOf(12, 24, 48),
    "embedding_dim": OneOf(32, 64, 128),
    "projector_dim": OneOf(64, 128),
}

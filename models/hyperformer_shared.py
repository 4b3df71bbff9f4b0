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

Config, method = derive(HyperFormerShared, HYPERFORMER_SETTINGS)

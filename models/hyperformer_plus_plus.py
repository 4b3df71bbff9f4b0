"""HyperFormer++: one hypernetwork for all tasks, layers and slots.

Mahabadi et al., 2021, https://arxiv.org/abs/2106.04489

    python train.py hyperformer_plus_plus --data_dir DIR \
        --tasks cola mrpc rte stsb

Dev, MiniLM, --tasks cola mrpc rte stsb sst2 --caps sst2=10000 --num_epochs 4
--steps_per_epoch 600 --dtype mixed_bfloat16, seed 0: CoLA 1.8 Matthews, MRPC
78.2 accuracy and 85.1 F1, RTE 61.0, STS-B 85.7 Pearson and 85.1 Spearman, SST-2
83.8; mean 62.7. At 3e-4 all stay at the majority for 600 steps.

Private to a task: its embedding and head. Shared and trained:
the hypernetwork and the LayerNorms. Shared and frozen: BERT.
"""

from tf_adapters.methods import HyperFormerPlusPlus
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.runs.shared_settings import HYPERFORMER_SETTINGS
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf

Config, method = derive(HyperFormerPlusPlus, HYPERFORMER_SETTINGS)

space = {
    "learning_rate": Between(3e-5, 1e-3),
    "bottleneck_dim": OneOf(12, 24, 48),
    "embedding_dim": OneOf(32, 64, 128),
    "projector_dim": OneOf(64, 128),
}

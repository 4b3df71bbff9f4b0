"""Adapters of each task, whose LayerNorms are shared: HyperFormer's baseline.

Mahabadi et al., 2021, https://arxiv.org/abs/2106.04489

    python train.py multitask_adapters --data_dir DIR \
        --tasks cola mrpc rte stsb

Dev, MiniLM, --tasks cola mrpc rte stsb sst2 --caps sst2=10000 --num_epochs 4
--steps_per_epoch 600 --dtype mixed_bfloat16, seed 0: CoLA 0.0 Matthews, MRPC
82.8 accuracy and 87.9 F1, RTE 57.0, STS-B 86.1 Pearson and 85.6 Spearman, SST-2
83.5; mean 62.3.

Private to a task: adapters and head. Shared and trained: the LayerNorm of
every adapter and those of BERT. Shared and frozen: the rest of BERT.
"""

from tf_adapters.methods import MultiTaskAdapters
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.runs.shared_settings import HYPERFORMER_SETTINGS
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf

Config, method = derive(
    MultiTaskAdapters,
    HYPERFORMER_SETTINGS,
    # Nothing is generated, and no weight moves by a sum.
    learning_rate=1e-3,
    # The authors' 1 leaves a frozen MiniLM at the majority class.
    init_gain=0.1,
)

space = {
    "learning_rate": Between(1e-4, 3e-3),
    "bottleneck_dim": OneOf(12, 24, 48),
    "init_gain": OneOf(0.1, 0.3, 1.0),
}

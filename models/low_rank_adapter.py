"""Adapters of low rank: a baseline of Compacter.

Mahabadi et al., 2021, https://arxiv.org/abs/2106.04647, section 4

    python train.py low_rank_adapter --data_dir DIR --tasks cola mrpc rte stsb

Dev, MiniLM, --num_epochs 3 --dtype mixed_bfloat16, seed 0: CoLA 15.7 Matthews,
MRPC 75.5 accuracy and 83.8 F1, RTE 55.6, STS-B 86.2 Pearson and 86.0 Spearman;
mean 59.3, with --learning_rate 1e-3 57.4.

Private to a task: adapters, LayerNorms and head. Shared: the frozen BERT.
"""

from tf_adapters.methods import LowRankAdapter
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf

Config, method = derive(
    LowRankAdapter,
    # As in `houlsby`, and for the same reasons.
    pooling="first",
    batching="one_task",
    learning_rate=3e-3,
    num_epochs=20,
    weight_decay=0.0,
)

space = {
    "learning_rate": Between(5e-4, 1e-2),
    "bottleneck_dim": OneOf(12, 24, 48),
    "rank": OneOf(1, 2, 4),
}

"""Compacter++: low-rank hypercomplex adapters after every feed-forward.

Mahabadi et al., 2021, https://arxiv.org/abs/2106.04647

    python train.py compacter_plus_plus --data_dir DIR \
        --tasks cola mrpc rte stsb

Dev, MiniLM, --num_epochs 3 --dtype mixed_bfloat16, seed 0: CoLA 11.2 Matthews,
MRPC 76.5 accuracy and 84.7 F1, RTE 54.2, STS-B 85.3 Pearson and 85.2 Spearman;
mean 57.8, with --learning_rate 1e-3 55.1.

Private to a task: factors, the one rule of all its adapters, LayerNorms and
head. Shared: the frozen BERT. The warm-up is a fraction of the steps; the
paper's 500 steps are the whole of a small task's training.
"""

from tf_adapters.methods import CompacterPlusPlus
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf

Config, method = derive(
    CompacterPlusPlus,
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
    "phm_dim": OneOf(2, 4, 12),
}

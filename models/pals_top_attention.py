"""Six narrow attention blocks of each task on top of BERT.

Stickland and Murray, 2019, https://arxiv.org/abs/1902.02671

    python train.py pals_top_attention --data_dir DIR --tasks cola mrpc rte stsb

Dev, MiniLM, --dim 108, five tasks, as in `pals`: CoLA 16.0 Matthews, MRPC 80.6
accuracy and 86.4 F1, RTE 56.0, STS-B 83.4 Pearson and 83.4 Spearman, SST-2
85.4; mean 64.9.

Private to a task: the blocks, and the projections around them. Shared and
trained: BERT.
"""

from tf_adapters.methods import PALsTopAttention
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.runs.shared_settings import PALS_SETTINGS
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf

Config, method = derive(
    PALsTopAttention,
    PALS_SETTINGS,
    flags={"num_heads": "pal_heads"},
)

space = {
    "learning_rate": Between(1e-5, 3e-4),
    "dim": OneOf(60, 108, 204),
    "num_blocks": OneOf(2, 4, 6),
}

"""Low-rank layers of each task beside every layer of BERT.

Stickland and Murray, 2019, https://arxiv.org/abs/1902.02671

    python train.py pals_low_rank --data_dir DIR --tasks cola mrpc rte stsb

Dev, MiniLM, --dim 76, five tasks, as in `pals`: CoLA 14.5 Matthews, MRPC 78.9
accuracy and 85.2 F1, RTE 58.1, STS-B 84.0 Pearson and 84.3 Spearman, SST-2
86.7; mean 65.1.

Private to a task: the low-rank layers. Shared and trained: BERT.
"""

from tf_adapters.methods import PALsLowRank
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.runs.shared_settings import PALS_SETTINGS
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf

Config, method = derive(
    PALsLowRank,
    PALS_SETTINGS,
)

space = {
    "learning_rate": Between(1e-5, 3e-4),
    "dim": OneOf(50, 76, 100),
}

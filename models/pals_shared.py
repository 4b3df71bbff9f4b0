"""One BERT trained by all tasks, with nothing of their own but heads.

Stickland and Murray, 2019, https://arxiv.org/abs/1902.02671

    python train.py pals_shared --data_dir DIR --tasks cola mrpc rte stsb

Dev, MiniLM, five tasks, as in `pals`: CoLA 17.4 Matthews, MRPC 78.4 accuracy
and 85.4 F1, RTE 54.9, STS-B 83.4 Pearson and 83.6 Spearman, SST-2 86.6; mean
64.9.

Private to a task: its head. Shared and trained: BERT.
"""

from tf_adapters.methods import SharedEncoder
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.runs.shared_settings import PALS_SETTINGS
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf

Config, method = derive(
    SharedEncoder,
    PALS_SETTINGS,
)

space = {
    "learning_rate": Between(1e-5, 3e-4),
    "rate": OneOf("annealed", "square_root", "proportional"),
}

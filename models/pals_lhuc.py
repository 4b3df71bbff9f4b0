"""A factor of each task for every hidden unit of BERT.

Stickland and Murray, 2019, https://arxiv.org/abs/1902.02671

    python train.py pals_lhuc --data_dir DIR --tasks cola mrpc rte stsb

Private to a task: the factors. Shared and trained: BERT.
"""

from tf_adapters.methods import PALsLHUC
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.runs.shared_settings import PALS_SETTINGS
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf

Config, method = derive(
    PALsLHUC,
    PALS_SETTINGS,
)

space = {
    "learning_rate": Between(1e-5, 3e-4),
    "rate": OneOf("annealed", "square_root", "proportional"),
}

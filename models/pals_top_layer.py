"""One BERT layer of each task on top of BERT.

Stickland and Murray, 2019, https://arxiv.org/abs/1902.02671

    python train.py pals_top_layer --data_dir DIR --tasks cola mrpc rte stsb

Private to a task: that layer. Shared and trained: BERT.
"""

from tf_adapters.methods import PALsTopLayer
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.runs.shared_settings import PALS_SETTINGS
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf

Config, method = derive(
    PALsTopLayer,
    PALS_SETTINGS,
)

space = {
    "learning_rate": Between(1e-5, 3e-4),
    "rate": OneOf("annealed", "square_root", "proportional"),
}

"""The authors' hybrid: serial at attention, parallel at feed-forward.

Stickland and Murray, 2019, https://arxiv.org/abs/1902.02671

    python train.py pals_houlsby --data_dir DIR --tasks cola mrpc rte stsb

Private to a task: the low-rank layers. Shared and trained: BERT. The adapters
of the recipe `houlsby` are serial in both places and BERT is frozen there.
"""

from tf_adapters.methods import PALsHoulsby
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.runs.shared_settings import PALS_SETTINGS
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf

Config, method = derive(
    PALsHoulsby,
    PALS_SETTINGS,
)

space = {
    "learning_rate": Between(1e-5, 3e-4),
    "dim": OneOf(25, 50, 100),
}

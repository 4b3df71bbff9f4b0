"""PALs whose layers have projections of their own.

Stickland and Murray, 2019, https://arxiv.org/abs/1902.02671

    python train.py pals_unshared --data_dir DIR --tasks cola mrpc rte stsb

Private to a task: attention and projections of every layer. Shared and
trained: BERT.
"""

from tf_adapters.methods import PALs
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.runs.shared_settings import PALS_SETTINGS
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf

Config, method = derive(
    PALs,
    PALS_SETTINGS,
    flags={"num_heads": "pal_heads"},
    dim=84,
    share_projections=False,
)

space = {
    "learning_rate": Between(1e-5, 3e-4),
    "dim": OneOf(36, 60, 84),
}

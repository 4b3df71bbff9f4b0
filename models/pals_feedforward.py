"""PALs with a feed-forward layer in the place of attention.

Stickland and Murray, 2019, https://arxiv.org/abs/1902.02671

    python train.py pals_feedforward --data_dir DIR --tasks cola mrpc rte stsb

Private to a task: the feed-forward of every layer, and the projections that
all its layers share. Shared and trained: BERT.
"""

from tf_adapters.methods import PALsFeedForward
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.runs.shared_settings import PALS_SETTINGS
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf

Config, method = derive(
    PALsFeedForward,
    PALS_SETTINGS,
    flags={"intermediate_dim": "feedforward_dim"},
)

space = {
    "learning_rate": Between(1e-5, 3e-4),
    "dim": OneOf(60, 120, 204),
}

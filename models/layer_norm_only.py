"""Only the LayerNorms are trained, a copy for each task.

Houlsby et al., 2019, section 3.4, https://arxiv.org/abs/1902.00751

    python train.py layer_norm_only --tasks rte --data_dir DIR
"""

from tf_adapters.methods import LayerNormOnly
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.tuning.ranges import Between

Config, method = derive(
    LayerNormOnly,
    pooling="first",
    batching="one_task",
    learning_rate=3e-3,
)

space = {
    "learning_rate": Between(3e-4, 1e-2),
    "head_dropout": Between(0.0, 0.3),
}

"""Fine-tuning of the last layers only, shared by all tasks.

Houlsby et al., 2019, section 3.4, https://arxiv.org/abs/1902.00751, where it
is called variable fine-tuning.

    python train.py last_layers --trained_layers 2 --tasks rte --data_dir DIR
"""

from tf_adapters.methods import LastLayers
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf

Config, method = derive(
    LastLayers,
    flags={"num_layers": "trained_layers"},
    pooling="first",
    learning_rate=1e-4,
)

space = {
    "learning_rate": Between(1e-5, 3e-4),
    "trained_layers": OneOf(1, 2, 4),
}

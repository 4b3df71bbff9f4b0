"""One bottleneck a layer, in a slot of your choice, per task.

Pfeiffer et al., 2021, https://arxiv.org/abs/2005.00247

    python train.py pfeiffer --tasks rte --data_dir DIR --slot attention

Dev, MiniLM, --tasks cola mrpc rte stsb --bottleneck_dim 24 --dtype
mixed_bfloat16, seed 0: CoLA 23.7 Matthews, MRPC 79.7 accuracy and 86.1 F1, RTE
57.0, STS-B 85.8 Pearson and 85.7 Spearman; mean 62.3, with --learning_rate
3e-4 58.3.
"""

from tf_adapters.methods import Pfeiffer
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf

Config, method = derive(
    Pfeiffer,
    init_stddev=1e-2,
    pooling="first",
    batching="one_task",
    learning_rate=1e-3,
)

space = {
    "learning_rate": Between(3e-4, 5e-3),
    "bottleneck_dim": OneOf(8, 16, 32, 64, 128),
    "init_stddev": OneOf(1e-3, 1e-2),
}

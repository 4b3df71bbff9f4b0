"""AdapterDrop: Houlsby adapters in all but the first layers.

Rueckle et al., 2021, https://arxiv.org/abs/2010.11918

    python train.py adapter_drop --data_dir DIR --tasks cola mrpc rte stsb \
        --dropped_layers 2

Dev, MiniLM, --dropped_layers 2 --num_epochs 3 --dtype mixed_bfloat16, seed 0:
CoLA 19.3 Matthews, MRPC 80.4 accuracy and 86.4 F1, RTE 55.2, STS-B 85.7 Pearson
and 85.6 Spearman; mean 60.9, with --learning_rate 3e-4 57.8.

Private to a task: adapters, LayerNorms and head. Shared: the frozen BERT. Five
layers of twelve are dropped by default, as in Compacter's comparison. Adapters
that were trained are dropped by `tf-adapters export RUN --dropped_layers 0 1`.
"""

from tf_adapters.methods import AdapterDrop
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf

Config, method = derive(
    AdapterDrop,
    # As in `houlsby`, and for the same reasons.
    pooling="first",
    batching="one_task",
    learning_rate=1e-3,
    init_stddev=1e-2,
)

space = {
    "learning_rate": Between(3e-4, 5e-3),
    "bottleneck_dim": OneOf(8, 16, 24, 48, 64),
    "init_stddev": OneOf(1e-3, 1e-2),
}

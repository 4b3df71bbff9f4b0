"""Compacter: low-rank hypercomplex adapters in both slots of every layer.

Mahabadi et al., 2021, https://arxiv.org/abs/2106.04647

    python train.py compacter --data_dir DIR --tasks cola mrpc rte stsb

Dev, MiniLM, --num_epochs 10 --dtype mixed_bfloat16, seed 0: CoLA 22.4 Matthews,
MRPC 82.1 accuracy and 87.6 F1, RTE 53.8, STS-B 87.0 Pearson and 86.7 Spearman;
mean 62.0, with seed 1 61.3. With --num_epochs 3 7.2, 76.0 and 84.0, 50.9, 85.0
and 84.9. CoLA alone has 19.7 with the paper's 20 epochs, 23.1 with --phm_dim 12
--num_epochs 10; RTE alone 56.7 with --phm_dim 12 and 20 epochs. With --phm_dim
12 --bottleneck_dim 48 --learning_rate 2e-3 --num_epochs 10 the mean is 60.8.

Private to a task: factors, the one rule of all its adapters, LayerNorms and
head. Shared: the frozen BERT. The warm-up is a fraction of the steps; the
paper's 500 steps are the whole of a small task's training.
"""

from tf_adapters.methods import Compacter
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf

Config, method = derive(
    Compacter,
    # As in `houlsby`, and for the same reasons.
    pooling="first",
    batching="one_task",
    learning_rate=3e-3,
    num_epochs=20,
    weight_decay=0.0,
)

space = {
    "learning_rate": Between(5e-4, 1e-2),
    "bottleneck_dim": OneOf(12, 24, 48),
    "phm_dim": OneOf(2, 4, 12),
}

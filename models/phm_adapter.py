"""PHM adapters: factors of full rank, a rule for each kernel.

Mahabadi et al., 2021, https://arxiv.org/abs/2106.04647, section 4

    python train.py phm_adapter --data_dir DIR --tasks cola mrpc rte stsb

Dev, MiniLM, --num_epochs 3 --dtype mixed_bfloat16, seed 0: CoLA 22.7 Matthews,
MRPC 79.2 accuracy and 86.0 F1, RTE 54.2, STS-B 85.3 Pearson and 85.3 Spearman;
mean 61.2. With --learning_rate 3e-3 CoLA stays at the majority; mean 55.5.

Private to a task: adapters, LayerNorms and head. Shared: the frozen BERT.
"""

from tf_adapters.methods import PHMAdapter
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf

Config, method = derive(
    PHMAdapter,
    # As in `houlsby`, and for the same reasons.
    pooling="first",
    batching="one_task",
    # The paper's is 3e-3, for T5.
    learning_rate=1e-3,
    num_epochs=20,
    weight_decay=0.0,
)

space = {
    "learning_rate": Between(3e-4, 5e-3),
    "bottleneck_dim": OneOf(12, 24, 48),
    "phm_dim": OneOf(2, 4, 12),
}

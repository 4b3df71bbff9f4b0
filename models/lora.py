"""LoRA: low-rank updates of queries and values.

Hu et al., 2022, https://arxiv.org/abs/2106.09685

    python train.py lora --data_dir DIR --tasks cola mrpc rte stsb

Dev, MiniLM, --num_epochs 3 --dtype mixed_bfloat16, seed 0: CoLA 18.5 Matthews,
MRPC 77.9 accuracy and 84.9 F1, RTE 54.2, STS-B 84.9 Pearson and 84.8 Spearman;
mean 59.7, with --learning_rate 3e-3 53.1.

Private to a task: updates and head. Shared: the frozen BERT.
"""

from tf_adapters.methods import LoRA
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf

Config, method = derive(
    LoRA,
    # As in `houlsby`, and for the same reasons.
    pooling="first",
    batching="one_task",
    learning_rate=1e-3,
)

space = {
    "learning_rate": Between(1e-4, 3e-3),
    "rank": OneOf(2, 4, 8, 16),
    "alpha": OneOf(8.0, 16.0, 32.0),
}

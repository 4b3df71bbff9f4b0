"""Full fine-tuning: every weight of BERT, jointly if there are several tasks.

Devlin et al., 2019, https://arxiv.org/abs/1810.04805

    python train.py full_fine_tuning --tasks rte --data_dir DIR

Dev, MiniLM, 3 epochs, one task at a time, mean and deviation of seeds 0, 1 and
2: CoLA 27.9 +- 0.3 Matthews, MRPC 80.6 +- 1.9 accuracy and 86.5 +- 0.9 F1, RTE
58.2 +- 0.8 accuracy, STS-B 86.4 +- 0.3 Pearson and 86.2 +- 0.3 Spearman. At a
learning rate of 2e-4, seed 0: 22.0, 82.8 and 88.0, 59.6, 86.3 and 85.9. RTE
for 10 epochs at 1e-4, --dtype mixed_bfloat16: 59.2.
"""

from tf_adapters.methods import FullFineTuning
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf

Config, method = derive(
    FullFineTuning,
    pooling="first",
    learning_rate=1e-4,
)

space = {
    "learning_rate": Between(1e-5, 3e-4),
    "weight_decay": OneOf(0.0, 0.01, 0.1),
    "head_dropout": Between(0.0, 0.3),
}

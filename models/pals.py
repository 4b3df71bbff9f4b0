"""BERT and PALs: an attention of each task beside every layer.

Stickland and Murray, 2019, https://arxiv.org/abs/1902.02671

    python train.py pals --data_dir DIR --tasks cola mrpc rte stsb

Dev, MiniLM, seed 0, --dim 120 --learning_rate 1e-4 --dtype mixed_bfloat16:

- four tasks, --pooling first --rate square_root --loss_weights stsb=5, 5 epochs
  of 560 steps: CoLA 27.3 Matthews, MRPC 81.1 accuracy and 86.8 F1, RTE 58.8,
  STS-B 84.8 Pearson and 84.5 Spearman; mean 63.7. Fine-tuning each task alone
  gives 64.0 (`full_fine_tuning`);
- five tasks with --caps sst2=10000, 4 epochs of 400 steps: CoLA 15.8, MRPC 78.7
  and 85.1, RTE 58.1, STS-B 82.5 and 82.7, SST-2 88.0; mean 65.3, with --rate
  square_root 66.1, proportional 65.7. benchmarks/README.md has more.

Private to a task: the attention of every layer, and the projections that all
its layers share. Shared and trained: BERT. The paper's six layers are
`--layers top --dim 276`.
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
)

space = {
    "learning_rate": Between(1e-5, 3e-4),
    "dim": OneOf(60, 120, 204),
    "rate": OneOf("annealed", "square_root", "proportional"),
}

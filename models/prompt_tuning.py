"""Prompt tuning: trained vectors before the text.

Lester et al., 2021, https://arxiv.org/abs/2104.08691

    python train.py prompt_tuning --data_dir DIR --tasks cola mrpc rte stsb

Dev, MiniLM, --length 20 --num_epochs 3 --dtype mixed_bfloat16, seed 0: CoLA 0.0
Matthews, MRPC 70.6 accuracy and 81.8 F1, RTE 51.6, STS-B 72.0 Pearson and 71.6
Spearman; mean 49.9. STS-B alone for 2 epochs: 41.7 and 40.1; with --start
random 26.7 and 25.0.

Private to a task: vectors and head. Shared: the frozen BERT.
"""

from tf_adapters.methods import PromptTuning
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf

Config, method = derive(
    PromptTuning,
    # As in `houlsby`, and for the same reasons.
    pooling="first",
    batching="one_task",
    # At the 3e-2 of Compacter's authors, for T5, a BERT hardly learns.
    learning_rate=3e-3,
    num_epochs=20,
    start="vocabulary",
)

space = {
    "learning_rate": Between(5e-4, 3e-2),
    "length": OneOf(10, 20, 50, 100),
}

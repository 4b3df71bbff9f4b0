"""BitFit: the biases of each task.

Ben Zaken et al., 2022, https://arxiv.org/abs/2106.10199

    python train.py bitfit --data_dir DIR --tasks cola mrpc rte stsb

Dev, MiniLM, --num_epochs 3 --dtype mixed_bfloat16, seed 0: CoLA 11.2 Matthews,
MRPC 75.5 accuracy and 83.9 F1, RTE 53.4, STS-B 85.7 Pearson and 85.6 Spearman;
mean 57.5, with --learning_rate 1e-3 55.4.

Private to a task: biases, offsets of the LayerNorms and head. Shared: the
frozen rest of BERT.
"""

from tf_adapters.methods import BitFit
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.tuning.ranges import Between

Config, method = derive(
    BitFit,
    # As in `houlsby`, and for the same reasons.
    pooling="first",
    batching="one_task",
    # Better than 1e-3, see above; Compacter's authors give T5 3e-4.
    learning_rate=3e-3,
)

space = {
    "learning_rate": Between(3e-4, 1e-2),
    "head_dropout": Between(0.0, 0.3),
}

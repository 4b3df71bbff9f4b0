"""Intrinsic SAID: every weight of BERT, moved in a narrow random space.

Aghajanyan et al., 2021, https://arxiv.org/abs/2012.13255

    python train.py intrinsic_said --data_dir DIR --tasks cola mrpc rte stsb

Dev, MiniLM, --num_epochs 3 --dtype mixed_bfloat16, seed 0: CoLA 18.5 Matthews,
MRPC 76.7 accuracy and 84.9 F1, RTE 61.0, STS-B 85.2 Pearson and 85.1 Spearman;
mean 61.4. STS-B alone for 1 epoch: 79.2 and 79.6; at a rate of 1e-2 8.2 and
6.4.

Private to a task: vector, scales and head. Shared: nothing but the frozen BERT.

The projections take 6 bytes for each weight, of tensors that are padded to a
power of two: 1.1 GB for BERT-base. They are drawn, in seconds, before the first
step. A step computes every weight of the encoder anew, whatever the batch, so
that large batches pay less for it.

Departs from the paper: BERT and not RoBERTa; a seed draws the projections anew
wherever the model is loaded.
"""

from tf_adapters.methods import IntrinsicSAID
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf

Config, method = derive(
    IntrinsicSAID,
    flags={"seed": "projection_seed"},
    # As in `houlsby`, and for the same reasons.
    pooling="first",
    batching="one_task",
    # Compacter's authors have 3e-2, for T5. A projection keeps the norm of the
    # vector, of sqrt(20,000) for numbers of size 1: a weight of 384 x 384 moves
    # by 0.37 times the rate in a step of Adam, against 1e-4 in fine-tuning.
    learning_rate=1e-3,
    num_epochs=20,
    # It would pull the scales, which start at one.
    weight_decay=0.0,
)

space = {
    "learning_rate": Between(1e-4, 5e-3),
    "dim": OneOf(5000, 10000, 20000),
}

"""Houlsby adapters: two bottlenecks a layer, per task, on a frozen BERT.

Houlsby et al., 2019, https://arxiv.org/abs/1902.00751

    python train.py houlsby --preset minilm --data_dir DIR \
        --tasks cola mrpc rte stsb

Dev, MiniLM, 3 epochs, mean and deviation of seeds 0, 1 and 2: CoLA 21.7 +- 1.8
Matthews, MRPC 80.6 +- 1.1 accuracy and 86.3 +- 0.5 F1, RTE 56.0 +- 1.4
accuracy, STS-B 86.5 +- 0.3 Pearson and 86.3 +- 0.3 Spearman;
benchmarks/README.md has those of AdapterHub beside them. With --num_epochs 10,
seed 0: 29.6, 81.4 and 86.8, 55.2, 86.8 and 86.5. With --learning_rate 3e-3 all
but STS-B stay at the majority.

Departs from the paper: tasks are trained in one run, a batch of each in turn as
drawn, which trains them as if alone, since nothing they train is shared; the
head reads the first token and not the pooler (see `pooling`); the decay of the
learning rate starts at its peak.
"""

from tf_adapters.methods import Houlsby
from tf_adapters.runs.derived_recipe import derive
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import OneOf

Config, method = derive(
    Houlsby,
    # The paper reads BERT's pooler, frozen. MiniLM's was left behind when its
    # encoder was tuned for sentence embeddings.
    pooling="first",
    # In mixed batches Adam moves a task with a share s of the examples as if at
    # 1 / sqrt(s) of the learning rate, and CoLA may never leave the majority.
    batching="one_task",
    # The paper's; with 1e-3, the code's, three epochs are hardly enough.
    init_stddev=1e-2,
    learning_rate=1e-3,
)

space = {
    "learning_rate": Between(3e-4, 5e-3),
    "bottleneck_dim": OneOf(8, 16, 32, 64, 128),
    "init_stddev": OneOf(1e-3, 1e-2),
}

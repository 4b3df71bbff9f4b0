"""HyperFormer: a hypernetwork in every slot of every layer.

Mahabadi et al., 2021, https://arxiv.org/abs/2106.04489

    python train.py hyperformer --data_dir DIR \
        --tasks cola mrpc rte stsb

Private to a task: its embedding and head. Shared and trained:
the hypernetwork and the LayerNorms. Shared and frozen: BERT.
"""

from tf_adapters.methods import HyperFormer
from tf_adapters.runs.derived_recipe import derive

Config, method = derive(
    HyperFormer,
    pooling="first",
    batching="one_task",
    rate="temperature",
    temperature=10.0,
    label_smoothing=0.1,
    # The paper's is 3e-4, for T5. A generated weight moves by the sum over the
    # 64 numbers of an embedding: about 50 times the rate in a step of Adam.
    learning_rate=1e-4,
    weight_decay=0.0,
)

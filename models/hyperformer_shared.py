"""HyperFormer with a hypernetwork for each slot, shared by all layers.

Mahabadi et al., 2021, https://arxiv.org/abs/2106.04489

    python train.py hyperformer_shared --data_dir DIR \
        --tasks cola mrpc rte stsb

Private to a task: its embedding and head. Shared and trained:
the hypernetwork and the LayerNorms. Shared and frozen: BERT.
This is what the file `hyperformer.json` of the authors' code builds.
"""

from tf_adapters.methods import HyperFormerShared
from tf_adapters.runs.derived_recipe import derive

Config, method = derive(
    HyperFormerShared,
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

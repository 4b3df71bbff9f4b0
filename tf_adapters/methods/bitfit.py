"""BitFit: the biases of each task, and nothing else."""

from tf_adapters import layers
from tf_adapters.methods.method import PROJECTION_SLOTS
from tf_adapters.methods.method import Method


class BitFit(Method):
    """A copy of every bias of the encoder for each task.

    All else is frozen: kernels, the gains of the LayerNorms, the pooler. Each
    task owns the biases of the dense layers, the offsets of the LayerNorms and
    its head.

    References:
     - [Ben Zaken et al., 2022](https://arxiv.org/abs/2106.10199), section 3
    """

    layer_norms = "private_offsets"

    def slot_layer(self, slot, index, shape, shared):
        if slot not in PROJECTION_SLOTS:
            return None
        is_wide = slot == "intermediate"
        return layers.TaskBias(
            shape.intermediate_dim if is_wide else shape.hidden_dim,
            num_tasks=shape.num_tasks,
            dtype=shape.dtype,
            name=f"{slot}_adapter",
        )

"""Layer normalisation with a gain and an offset for each task."""

from keras import ops

from tf_adapters.layers.banks import bank
from tf_adapters.layers.banks.task_layer import TaskLayer
from tf_adapters.layers.normalise import normalise


class TaskLayerNormalization(TaskLayer):
    """Stands in for a pretrained LayerNormalization, one copy a task.

    Every task starts from the pretrained gain and offset. The pretrained
    layer is kept, frozen, so that tasks added later start from it too.

    Args:
        norm: a built `keras.layers.LayerNormalization` over the last axis.
        num_tasks: int. Number of tasks. Defaults to 1.
        only_offsets: bool. Whether tasks share the pretrained gain, frozen.
            Defaults to `False`.
        **kwargs: keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of shape `(batch_size, sequence_length, hidden_dim)`.
        task_ids: int32 Tensor of shape `(batch_size,)` or `()`. May be left
            out if there is one task.

    Returns:
        Tensor of the shape of `inputs`.

    References:
     - [Houlsby et al., 2019](https://arxiv.org/abs/1902.00751), section 2.1:
       "we also train new layer normalization parameters per task".
    """

    # As in Keras: bfloat16 would round the pretrained values.
    autocast_banks = False

    def __init__(self, norm, num_tasks=1, only_offsets=False, **kwargs):
        super().__init__(num_tasks=num_tasks, **kwargs)
        self.norm = norm
        self.only_offsets = only_offsets

    def build(self, input_shape):
        for name in ("beta",) if self.only_offsets else ("gamma", "beta"):
            values = ops.convert_to_numpy(getattr(self.norm, name))
            self.add_bank(name, values.shape, values)
        self.built = True

    def add_tasks(self, count):
        # Read anew: a model that was loaded from a file got its pretrained
        # weights after it was built.
        for name in self.banks:
            values = ops.convert_to_numpy(getattr(self.norm, name))
            self._initializers[name] = (values.shape, values)
        super().add_tasks(count)

    def call(self, inputs, task_ids=None):
        if self.only_offsets:
            gamma = self.norm.gamma
        else:
            gamma = bank.over_tokens(bank.select(self.gamma, task_ids))
        beta = bank.over_tokens(bank.select(self.beta, task_ids))
        return normalise(inputs, gamma, beta, self.norm.epsilon)

    def compute_output_shape(self, input_shape):
        return input_shape

"""The classification and regression heads of all tasks, in one layer."""

import keras
import numpy as np
from keras import ops

from tf_adapters.layers.banks import bank
from tf_adapters.layers.banks.task_layer import TaskLayer

# Finite, so that a softmax over masked outputs has finite gradients.
MASKED = -1e9


@keras.saving.register_keras_serializable(package="tf_adapters")
class TaskHeads(TaskLayer):
    """A linear head for each task, over dropout.

    Tasks may differ in their number of outputs: the bank is as wide as the
    widest, and the outputs that a task does not have are set to -1e9.

    Args:
        num_outputs: sequence of ints. Outputs of each task: its number of
            classes, or 1 for a regression.
        dropout: float. Rate applied to the inputs. Defaults to 0.1.
        **kwargs: keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of shape `(batch_size, hidden_dim)`.
        task_ids: int32 Tensor of shape `(batch_size,)` or `()`. May be left
            out if there is one task.

    Returns:
        float32 Tensor of shape `(batch_size, max_outputs)`.

    References:
     - [Houlsby et al., 2019](https://arxiv.org/abs/1902.00751); kernels are
       drawn from a truncated normal of standard deviation 0.02, as in the
       authors' `run_classifier.py`.
    """

    def __init__(self, num_outputs, dropout=0.1, **kwargs):
        # Logits and losses stay in float32 under every dtype policy.
        kwargs.setdefault("dtype", "float32")
        kwargs.pop("num_tasks", None)
        super().__init__(num_tasks=len(num_outputs), **kwargs)
        self.num_outputs = tuple(num_outputs)
        self.dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy)

    @property
    def max_outputs(self):
        return max(self.num_outputs)

    @property
    def output_mask(self):
        """Which outputs each task has: bools, `(num_tasks, max_outputs)`."""
        columns = np.arange(self.max_outputs)
        return columns[None, :] < np.array(self.num_outputs)[:, None]

    def build(self, input_shape):
        normal = keras.initializers.TruncatedNormal(stddev=0.02)
        self.add_bank("kernel", (input_shape[-1], self.max_outputs), normal)
        zeros = keras.initializers.Zeros()
        self.add_bank("bias", (self.max_outputs,), zeros)
        self.built = True

    def call(self, inputs, task_ids=None, training=None):
        x = self.dropout(inputs, training=training)[:, None, :]
        kernel = bank.select(self.kernel, task_ids)
        logits = bank.project(x, kernel, bank.select(self.bias, task_ids))
        mask = bank.select(ops.convert_to_tensor(self.output_mask), task_ids)
        return ops.where(mask, logits[:, 0, :], MASKED)

    def add_heads(self, num_outputs):
        """Appends the heads of new tasks, widening the bank where it must.

        Args:
            num_outputs: sequence of ints. Outputs of each new task.
        """
        count = len(num_outputs)
        self.add_tasks(count)
        extra = max(max(num_outputs) - self.max_outputs, 0)
        self.num_outputs = (*self.num_outputs, *num_outputs)
        if extra and self.built:
            self._widen(extra, count)

    def remove_task(self, index):
        """Removes a head, and the columns that no other head has.

        Args:
            index: int. The task.
        """
        kept = (*self.num_outputs[:index], *self.num_outputs[index + 1 :])
        self.num_outputs = kept
        super().remove_task(index)
        for name, bank_ in list(self.banks.items()):
            self.replace_bank(name, bank_[..., : self.max_outputs])

    def _widen(self, extra, count):
        """Draws the new columns of the last `count` heads."""
        normal = keras.initializers.TruncatedNormal(stddev=0.02)
        columns = normal((count, self.kernel.shape[1], extra))
        for name, bank_ in list(self.banks.items()):
            old = ops.convert_to_numpy(bank_)
            width = [(0, 0)] * (old.ndim - 1) + [(0, extra)]
            wide = np.pad(old, width)
            if name == "kernel":
                wide[-count:, :, -extra:] = ops.convert_to_numpy(columns)
            self.replace_bank(name, wide)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.max_outputs)

    def get_config(self):
        config = super().get_config()
        del config["num_tasks"]
        return {
            **config,
            "num_outputs": list(self.num_outputs),
            "dropout": self.dropout.rate,
        }

"""The loss of a batch in which every example has a task of its own."""

import dataclasses

import numpy as np
from keras import ops


@dataclasses.dataclass(frozen=True)
class TaskLoss:
    """Cross-entropy or squared error, whichever each example's task needs.

    Attributes:
        output_mask: bool array of shape `(num_tasks, max_outputs)`, the
            outputs that each task has.
        is_regression: bool array of shape `(num_tasks,)`.
        weights: float array of shape `(num_tasks,)`.
        label_smoothing: float. Share of the probability that is spread evenly
            over the classes of the task.
    """

    output_mask: np.ndarray
    is_regression: np.ndarray
    weights: np.ndarray
    label_smoothing: float = 0.0

    def per_example(self, labels, logits, task_ids):
        """Returns the weighted loss of each example.

        Args:
            labels: Tensor of shape `(batch_size,)`: the index of the class,
                or the target of a regression.
            logits: Tensor of shape `(batch_size, max_outputs)`.
            task_ids: int32 Tensor of shape `(batch_size,)`, or `()` if the
                whole batch belongs to one task.

        Returns:
            float32 Tensor of shape `(batch_size,)`. The loss of a class that
            the task does not have is not a number, so that it shows.
        """
        squared = ops.square(logits[:, 0] - labels)
        entropy = self._cross_entropy(labels, logits, task_ids)
        is_regression = ops.take(self.is_regression, task_ids)
        weights = ops.take(ops.cast(self.weights, "float32"), task_ids)
        return weights * ops.where(is_regression, squared, entropy)

    def _cross_entropy(self, labels, logits, task_ids):
        mask = ops.take(ops.cast(self.output_mask, "float32"), task_ids, axis=0)
        classes = ops.cast(labels, "int32")
        target = ops.one_hot(classes, logits.shape[-1], dtype="float32")
        if self.label_smoothing:
            even = mask / ops.sum(mask, axis=-1, keepdims=True)
            target += self.label_smoothing * (even - target)
        # Masked logits are far below the rest: their probability is zero.
        log_probabilities = ops.log_softmax(logits, axis=-1) * mask
        entropy = -ops.sum(target * log_probabilities, axis=-1)
        is_known = (labels >= 0) & (labels < ops.sum(mask, axis=-1))
        return ops.where(is_known, entropy, np.float32("nan"))

"""What Keras 3.15 lacks for several replicas and several machines.

- Issue 20585: under `MultiWorkerMirroredStrategy` `fit` fails before its first
  step, and again where a step returns its logs (`MultiWorkerFit`).
- Not reported yet: each replica decides from its own gradients whether the
  loss scale of float16 has to be lowered, though they must all decide the same
  (`finite_everywhere`).
- Issue 20582: an optimizer that accumulates gradients fails with replicas.
  `model/gradients.py` adds them up before the optimizer sees them.

`tests/training/test_workers.py` and `test_precision.py` say when these are not
needed any more.
"""

import keras
import tensorflow as tf
from keras import tree


class MultiWorkerFit(keras.Model):
    """A model that `fit`, `evaluate` and `predict` take on several machines.

    There it must be built before, and its optimizer and metrics too.
    """

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # Keras looks at the first batch to build what is not built yet. On
        # several machines it cannot put that batch together.
        if not _is_multi_worker(self.distribute_strategy):
            super()._maybe_symbolic_build(iterator, data_batch)

    def _make_function(self, step_function):
        if not _is_multi_worker(self.distribute_strategy):
            return super()._make_function(step_function)

        logs = []

        def step(data):
            logs[:] = [step_function(data)]
            # Keras takes the mean over axis 0 of what all replicas return, of
            # each Tensor on its own. One goes over the network once.
            return tf.stack([tree.flatten(logs[0])])

        function = super()._make_function(step)

        def unpacked(iterator):
            values = tf.unstack(function(iterator))
            return tree.pack_sequence_as(logs[0], values)

        return unpacked


def finite_everywhere(optimizer, gradients):
    """Makes gradients infinite on every replica that are so on any.

    Args:
        optimizer: the optimizer of the model.
        gradients: list of Tensors, or `None`, those of this replica.

    Returns:
        The mean over the replicas in place of each, if the optimizer scales
        losses: what it adds up stays the same.
    """
    replica = tf.distribute.get_replica_context()
    count = replica.num_replicas_in_sync
    if count == 1 or not isinstance(
        optimizer, keras.optimizers.LossScaleOptimizer
    ):
        return gradients
    known = [tf.convert_to_tensor(g) for g in gradients if g is not None]
    means = iter(replica.all_reduce("MEAN", known))
    return [None if g is None else next(means) for g in gradients]


def _is_multi_worker(strategy):
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)

"""What Keras's `fit` lacks for several machines.

Keras issue 20585, seen in Keras 3.15: under `MultiWorkerMirroredStrategy` `fit`
fails before its first step, and again where a step returns its logs.
`tests/training/test_workers.py` says when this is not needed any more.
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

        def step(data):
            # Keras takes the mean over axis 0 of the logs of all replicas.
            logs = step_function(data)
            return tree.map_structure(lambda x: tf.reshape(x, (1,)), logs)

        return super()._make_function(step)


def _is_multi_worker(strategy):
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)

"""What Keras 3.15 lacks, above all for several replicas and machines.

- Issue 20585: under `MultiWorkerMirroredStrategy` `fit` fails before its first
  step, and again where a step returns its logs; under any strategy, if the
  replicas do not have equal shares of the first batch (`DistributedFit`).
- Not reported yet: each replica decides from its own gradients whether the
  loss scale of float16 has to be lowered, though they must all decide the same
  (`finite_everywhere`).
- Issue 20582: an optimizer that accumulates gradients fails with replicas.
  `model/gradients.py` adds them up before the optimizer sees them.
- Not reported yet: `predict` traces its step for the shape of the first batch,
  and for any shape once there is another (`trace_for_any_batch`).

`tests/training/test_workers.py` and `test_precision.py` say when these are not
needed any more.
"""

import keras
import tensorflow as tf
from keras import tree


class DistributedFit(keras.Model):
    """A model that `fit`, `evaluate` and `predict` take under any strategy.

    It must be built before, and its optimizer too. `output_spec` says what it
    returns.
    """

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # Keras looks at the first batch to build what is not built yet. It
        # cannot put that batch together on several machines, if replicas have
        # shares of different size, or if it holds integers.
        metrics = self._compile_metrics
        if metrics is not None and not metrics.built:
            with self.distribute_strategy.scope():
                labels = keras.KerasTensor((None,), "float32")
                metrics.build(labels, self.output_spec)

    def _make_function(self, step_function):
        if not _is_multi_worker(self.distribute_strategy):
            return super()._make_function(step_function)
        logs = []

        def step(data):
            logs[:] = [step_function(data)]
            # Keras takes the mean over axis 0 of what all replicas return, of
            # each Tensor on its own. One goes over the network once.
            flat = [
                tf.reshape(tf.cast(value, "float32"), (-1,))
                for value in tree.flatten(logs[0])
            ]
            return tf.concat(flat, axis=0)[None]

        function = super()._make_function(step)

        def unpacked(iterator):
            # A strategy of one worker takes no mean.
            mean = tf.reshape(function(iterator), (-1,))
            values = tree.flatten(logs[0])
            sizes = [value.shape.num_elements() for value in values]
            parts = tf.split(mean, sizes)
            found = [
                tf.reshape(part, value.shape)
                for part, value in zip(parts, values, strict=True)
            ]
            return tree.pack_sequence_as(logs[0], found)

        return unpacked


def finite_everywhere(optimizer, gradients):
    """Makes gradients NaN on every replica if one of them is not finite.

    Args:
        optimizer: the optimizer of the model.
        gradients: list of Tensors, or `None`, those of this replica.

    Returns:
        list of the same, unchanged where the optimizer scales no losses.
    """
    replica = tf.distribute.get_replica_context()
    if replica.num_replicas_in_sync == 1 or not isinstance(
        optimizer, keras.optimizers.LossScaleOptimizer
    ):
        return gradients
    known = [tf.convert_to_tensor(g) for g in gradients if g is not None]
    finite = [tf.reduce_all(tf.math.is_finite(g)) for g in known]
    infinite = tf.cast(~tf.reduce_all(finite), "float32")
    is_any = replica.all_reduce("SUM", infinite) > 0
    factor = tf.where(is_any, float("nan"), 1.0)
    known = iter([g * tf.cast(factor, g.dtype) for g in known])
    return [None if g is None else next(known) for g in gradients]


def trace_for_any_batch(model, dataset):
    """Traces what `predict` does once, for every batch of a dataset.

    Args:
        model: a `keras.Model`.
        dataset: what `predict` is given. Only a `tf.data.Dataset` says what
            its batches will be, if it knows their rank, and only where one
            replica takes each of them whole.
    """
    if (
        isinstance(dataset, tf.data.Dataset)
        and not model.run_eagerly
        and model.steps_per_execution == 1
        and model.distribute_strategy.num_replicas_in_sync == 1
        and has_ranks(dataset.element_spec)
    ):
        model.make_predict_function()
        model.predict_function.get_concrete_function([dataset.element_spec])


def has_ranks(spec):
    """Whether a nest of `tf.TypeSpec`s says how many axes each Tensor has."""
    parts = tf.nest.flatten(spec, expand_composites=True)
    shapes = [getattr(part, "shape", None) for part in parts]
    return all(shape is not None and shape.rank is not None for shape in shapes)


def _is_multi_worker(strategy):
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)

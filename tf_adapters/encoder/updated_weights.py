"""An encoder whose pretrained weights each task sees with an update."""

import functools

import keras
import tensorflow as tf
from keras import ops

from tf_adapters.encoder.nested_scope import NestedScope
from tf_adapters.layers.banks import bank
from tf_adapters.layers.banks.task_loop import loop_over_tasks


class UpdatedWeights:
    """Lets an encoder compute with updated weights, one task after another.

    The pretrained variables keep their values: within a `StatelessScope`, those
    who read them are given others. Not a layer, because Keras would track the
    variables a second time.

    Args:
        layer: what `Method.weight_update` returned.
        weights: list of the pretrained variables.
    """

    def __init__(self, layer, weights):
        self._layer = layer
        self._weights = weights
        self._baked = []
        layer.build([tuple(weight.shape) for weight in weights])

    def run(self, encode, inputs):
        """Calls `encode(inputs)` for each task, with its weights.

        Args:
            encode: function from a dict of Tensors of one batch size to
                another.
            inputs: dict of Tensors, with `task_ids` as for `AdaptedBackbone`.

        Returns:
            What `encode` returns, each row with the weights of its task.
        """
        num_tasks = self._layer.num_tasks
        task_ids = inputs.get("task_ids")
        if num_tasks == 1:
            return self._run_one(encode, inputs, None)
        if task_ids is None or len(task_ids.shape) == 0:
            return self._run_one(encode, inputs, task_ids)

        def run_own(task, rows):
            return self._run_one(encode, rows, task)

        take_apart = loop_over_tasks if self._baked else bank.by_task
        return take_apart(run_own, num_tasks, task_ids, inputs)

    def bake(self, kept=()):
        """Computes the weights of every task, once, to serve them.

        Args:
            kept: variables that are served as they are.
        """
        kept = {id(weight) for weight in kept}
        self._layer.draw()
        for task in range(self._layer.num_tasks):
            values = self._updated(self._layer.updates(task))
            self._baked.append(
                [
                    (weight, _constant(value))
                    for weight, value in values
                    if id(weight) not in kept
                ]
            )

    def clear(self):
        """Forgets what `bake` computed."""
        self._baked.clear()

    def _run_one(self, encode, inputs, task):
        if not self._baked:
            values = self._updated(self._updates(inputs, task))
            return _run_with(values, encode, inputs)
        # The weights are chosen, and the encoder is in the graph once.
        values = [functools.partial(_values, stored) for stored in self._baked]
        chosen = values[0]() if task is None else ops.switch(task, values)
        weights = [weight for weight, _ in self._baked[0]]
        return _run_with(zip(weights, chosen, strict=True), encode, inputs)

    def _updates(self, inputs, task):
        # In a graph, Tensors that are made here would belong to it.
        with tf.init_scope():
            self._layer.draw()
        if not isinstance(task, int):
            return self._layer.updates(task)
        # A batch of one task should not pay for the others.
        return ops.cond(
            ops.shape(inputs["task_ids"])[0] > 0,
            lambda: self._layer.updates(task),
            lambda: [ops.zeros(weight.shape) for weight in self._weights],
        )

    def _updated(self, updates):
        pairs = zip(self._weights, updates, strict=True)
        return [(weight, _sum(weight, update)) for weight, update in pairs]


def _sum(weight, update):
    # Within `call`, `weight.value` is rounded to what the encoder computes in.
    stored = ops.convert_to_tensor(weight._value)
    return ops.cast(ops.cast(stored, "float32") + update, stored.dtype)


def _constant(value):
    # Cast where it is read, as the variable in whose place it is.
    return keras.Variable(value, trainable=False, autocast=False)


def _values(stored):
    return [own.value for _, own in stored]


def _run_with(values, encode, inputs):
    with NestedScope(values) as scope:
        outputs = encode(inputs)
    # Seeds of dropout, which would else be drawn again and again.
    scope.write_back()
    return outputs

"""Several tasks at once, in the place of `task_ids`."""

from keras import ops


class TaskMixture:
    """What a layer is called with for a weighted mean of several tasks.

    A `TaskLayer` that is given one as its `task_ids` computes its outputs once
    with the weights of each task and returns their weighted mean. Any other
    layer hands it on, as it does with `task_ids`.

    Not a tree of tensors: Keras would cast the weights to the compute dtype of
    every layer on the way.

    Args:
        tasks: sequence of ints. Ids of R tasks.
        weights: float32 Tensor of shape `(batch_size, R)`. How much each task
            counts for each example; a row adds up to 1.

    References:
     - [Wang et al., 2021](https://arxiv.org/abs/2109.04877)
    """

    def __init__(self, tasks, weights):
        self.tasks = tuple(tasks)
        self.weights = weights

    def mean(self, function):
        """Returns the weighted mean of what a function returns for the tasks.

        Args:
            function: called once for each task, with its id, a Tensor of shape
                `()`. Returns a Tensor of shape `(batch_size, ...)`.

        Returns:
            Tensor of that shape and dtype.
        """
        total = 0
        for i, task in enumerate(self.tasks):
            outputs = function(ops.convert_to_tensor(task, "int32"))
            weights = self.weights[:, i]
            shape = (-1, *[1] * (len(outputs.shape) - 1))
            # Added up in float32: in bfloat16 three thirds are not 1.
            own = ops.cast(outputs, weights.dtype)
            total = total + ops.reshape(weights, shape) * own
        return ops.cast(total, outputs.dtype)


class LayeredMixture:
    """A `TaskMixture` at every place of an encoder, each with its weights.

    Args:
        tasks: sequence of ints. Ids of R tasks.
        weights: float32 Tensor of shape `(batch_size, num_places, R)`. Place 0
            is the embeddings, then come the transformer layers, and the last
            is what follows them.
    """

    def __init__(self, tasks, weights):
        self.tasks = tuple(tasks)
        self.weights = weights

    def at(self, place):
        """Returns the mixture of one place.

        Args:
            place: int. -1 is the last.
        """
        return TaskMixture(self.tasks, self.weights[:, place])

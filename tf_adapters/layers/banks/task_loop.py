"""A batch taken apart by task in a loop, whatever the number of tasks."""

import keras
from keras import ops


def loop_over_tasks(function, num_tasks, task_ids, inputs):
    """Does what `bank.by_task` does, for the tasks that are in the batch.

    The graph does not grow with the tasks, and an absent one costs nothing.
    For serving: XLA does not compile it, because the number of rows of a task
    is known to nobody before.

    Args:
        function: called as `function(task, inputs)`, with a scalar int32
            Tensor and the rows of that task.
        num_tasks: int. Number of tasks.
        task_ids: int32 Tensor of shape `(batch_size,)`.
        inputs: nest of Tensors of that batch size, or `None`.

    Returns:
        What `function` returns, a nest of Tensors of shape `(batch_size, ...)`.
    """
    task_ids = ops.clip(task_ids, 0, num_tasks - 1)
    size = ops.shape(task_ids)[0]
    positions = ops.arange(size, dtype=task_ids.dtype)
    order = ops.argsort(task_ids * size + positions)
    sorted_ids = ops.take(task_ids, order)

    def add_task(start, outputs):
        task = sorted_ids[start]
        stop = ops.sum(ops.cast(sorted_ids <= task, "int32"))
        rows = order[start:stop]
        own = function(task, _take(inputs, rows))
        outputs = keras.tree.map_structure(
            lambda whole, part: ops.scatter_update(whole, rows[:, None], part),
            outputs,
            own,
        )
        return stop, outputs

    # Of no row, which says how wide the outputs are.
    none = function(ops.zeros((), "int32"), _take(inputs, order[:0]))
    outputs = keras.tree.map_structure(
        lambda part: ops.zeros((size, *ops.shape(part)[1:]), part.dtype), none
    )
    _, outputs = ops.while_loop(
        lambda start, _: start < size,
        add_task,
        (ops.zeros((), "int32"), outputs),
    )
    return outputs


def _take(nest, rows):
    return keras.tree.map_structure(
        lambda x: None if x is None else ops.take(x, rows, axis=0), nest
    )

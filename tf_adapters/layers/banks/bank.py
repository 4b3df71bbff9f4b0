"""How a bank of weights meets a batch: the only place that decides it.

A bank is one variable that holds the weights of every task, stacked on axis 0.
Three cases, all decided from static shapes, so that they compile:

- a bank of one task: its only row, with no gather at all;
- scalar `task_ids`: the whole batch belongs to one task, the bank is sliced;
- `task_ids` of shape `(batch_size,)`: a row is gathered for each example, or,
  where one row is large, the batch is taken apart by task, so that no weight
  is copied.
"""

import math

import keras
from keras import ops
from keras.backend import standardize_dtype

from tf_adapters.layers.banks.task_loop import loop_over_tasks
from tf_adapters.layers.product import product


def select(bank, task_ids):
    """Returns the rows of `bank` that `task_ids` ask for.

    Args:
        bank: Tensor of shape `(num_tasks, ...)`.
        task_ids: int32 Tensor of shape `(batch_size,)`, or `()` when every
            example belongs to the same task, or `None` for a bank of one task.

    Returns:
        Tensor of shape `(...)` if one row serves the whole batch, otherwise
        `(batch_size, ...)`.

    Raises:
        ValueError: if there are several tasks and no `task_ids`.
    """
    if bank.shape[0] == 1:
        return bank[0]
    if task_ids is None:
        raise ValueError(
            "`task_ids` must be given, because there are weights of "
            f"{bank.shape[0]} tasks to choose from. Received: task_ids=None. "
            "Pass one id for the batch or one for each example."
        )
    if "float" in standardize_dtype(bank.dtype):
        # It keeps the shape, and makes the gradient dense. That of the rows
        # alone would be one slice for each example, and Keras squares slices
        # before they are summed: the second moments of Adam, and the norm that
        # gradients are clipped by, would hang on how many examples a task has.
        # Unlike a product with 1 it copies nothing, of however many tasks.
        bank = ops.reshape(bank, bank.shape)
    return ops.take(bank, task_ids, axis=0)


# Weights of one task in one layer, beyond which a batch is taken apart. Copies
# of a bottleneck adapter for 32 examples cost little, those of 100,000 weights
# more than the work that is done with them.
_GATHERED = 100_000


def apply(function, banks, task_ids, inputs, *others, in_loop=False):
    """Calls `function` with the weights of each example's task.

    Args:
        function: called as `function(weights, inputs, *others)`, with a dict of
            what `select` returns for each bank; each row of its result may
            depend on the same row of its inputs only.
        banks: dict from name to Tensor of shape `(num_tasks, ...)`.
        task_ids: as for `select`.
        inputs: Tensor of shape `(batch_size, ...)`.
        *others: further Tensors of that batch size, or `None`.
        in_loop: bool. Whether a batch that is taken apart is computed in a
            loop over the tasks that are in it, as it is served, and not by a
            branch for each task. Defaults to `False`.

    Returns:
        What `function` returns, a Tensor of shape `(batch_size, ...)`.

    Raises:
        ValueError: if there are several tasks and no `task_ids`.
    """
    mixed = task_ids is not None and len(task_ids.shape) == 1
    row_size = sum(math.prod(bank.shape[1:]) for bank in banks.values())
    num_tasks = next(iter(banks.values())).shape[0]
    if not mixed or num_tasks == 1 or row_size <= _GATHERED:
        weights = {k: select(bank, task_ids) for k, bank in banks.items()}
        return function(weights, inputs, *others)

    if in_loop:

        def compute_own(task, batch):
            weights = {k: ops.take(b, task, axis=0) for k, b in banks.items()}
            return function(weights, *batch)

        return loop_over_tasks(
            compute_own, num_tasks, task_ids, [inputs, *others]
        )

    # One `unstack` and not a slice for each task, whose gradients would each be
    # as large as the bank.
    rows = {name: ops.unstack(bank) for name, bank in banks.items()}

    def compute(task, batch):
        weights = {name: row[task] for name, row in rows.items()}
        return function(weights, *batch)

    return by_task(compute, num_tasks, task_ids, [inputs, *others])


def by_task(function, num_tasks, task_ids, inputs):
    """Takes a batch apart by task and puts the results together again.

    Args:
        function: called as `function(task, inputs)` for every task, an int,
            with the rows of that task, of which there may be none.
        num_tasks: int. Number of tasks.
        task_ids: int32 Tensor of shape `(batch_size,)`.
        inputs: nest of Tensors of that batch size, or `None`.

    Returns:
        What `function` returns, a nest of Tensors of shape `(batch_size, ...)`.
    """
    # An id out of range must not make a row disappear.
    task_ids = ops.clip(task_ids, 0, num_tasks - 1)
    outputs = []
    for task in range(num_tasks):
        own = ops.nonzero(ops.equal(task_ids, task))[0]
        outputs.append(function(task, _take(inputs, own)))
    together = keras.tree.map_structure(
        lambda *parts: ops.concatenate(parts), *outputs
    )
    # From `task_ids` and not from the rows taken, whose number XLA would only
    # know a bound of: it gets what comes after them wrong.
    size = ops.shape(task_ids)[0]
    positions = ops.arange(size, dtype=task_ids.dtype)
    order = ops.argsort(task_ids * size + positions)
    return _take(together, ops.argsort(order))


def _take(nest, rows):
    return keras.tree.map_structure(
        lambda x: None if x is None else ops.take(x, rows, axis=0), nest
    )


def project(inputs, kernel, bias=None, activation=None):
    """Multiplies `inputs` by a selected kernel and adds a selected bias.

    Args:
        inputs: Tensor of shape `(batch_size, sequence_length, input_dim)`.
        kernel: Tensor of shape `(input_dim, units)` for the whole batch, or
            `(batch_size, input_dim, units)`, one kernel an example.
        bias: Tensor of shape `(units,)` or `(batch_size, units)`.
        activation: function from Tensor to Tensor, applied to the result.
            Defaults to `None`.

    Returns:
        Tensor of shape `(batch_size, sequence_length, units)`.
    """
    if len(kernel.shape) == 2:
        return product(inputs, kernel, bias, activation)
    outputs = ops.matmul(inputs, kernel)
    if bias is not None:
        outputs = outputs + over_tokens(bias)
    return outputs if activation is None else activation(outputs)


def over_tokens(vector):
    """Shapes a selected vector so that it broadcasts over the tokens.

    Args:
        vector: Tensor of shape `(units,)` or `(batch_size, units)`.

    Returns:
        The same Tensor, or one of shape `(batch_size, 1, units)`.
    """
    return vector if len(vector.shape) == 1 else ops.expand_dims(vector, 1)

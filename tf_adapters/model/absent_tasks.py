"""Keeps the private weights of absent tasks as they were.

An optimizer moves every row of a bank at every step: momentum and weight decay
act on rows whose gradient is zero, because their task is not in the batch. A
task that is absent would then be trained by noise, and two tasks would no
longer be independent. So the rows of absent tasks, and the optimizer's state
for them, are put back after each step: for an absent task the step did not
happen. What the optimizer shares between tasks remains shared, such as its
step counter.
"""

import keras
import tensorflow as tf


def check_optimizer(optimizer):
    """Refuses an optimizer for which absence cannot be decided.

    Raises:
        ValueError: if it accumulates gradients over several batches.
    """
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    if optimizer.gradient_accumulation_steps:
        raise ValueError(
            "`gradient_accumulation_steps` cannot be combined with several "
            "tasks that have private weights, because a step then covers "
            "batches with different tasks in them. Received: "
            "gradient_accumulation_steps="
            f"{optimizer.gradient_accumulation_steps}. Give the model the "
            "large batch, and `compile` `accumulate_steps`."
        )


def present_tasks(task_ids, sample_weight, num_tasks):
    """Returns which tasks have an example in the global batch.

    Args:
        task_ids: int32 Tensor of shape `(batch_size,)`, or `()` if the whole
            batch belongs to one task.
        sample_weight: Tensor of shape `(batch_size,)` or `None`. Examples of
            weight zero are padding and do not count.
        num_tasks: int.

    Returns:
        bool Tensor of shape `(num_tasks,)`, the same on every replica.
    """
    ones = tf.ones_like(task_ids, dtype="float32")
    if sample_weight is not None:
        ones = tf.cast(tf.not_equal(sample_weight, 0), "float32")
        task_ids = tf.broadcast_to(task_ids, tf.shape(ones))
    counts = tf.math.unsorted_segment_sum(ones, task_ids, num_tasks)
    replica = tf.distribute.get_replica_context()
    if replica is not None and replica.num_replicas_in_sync > 1:
        counts = replica.all_reduce("SUM", counts)
    return counts > 0


def rows_by_task(banks, optimizer):
    """Returns the variables in which every row belongs to one task.

    Args:
        banks: list of trainable bank variables.
        optimizer: a built Keras optimizer.

    Returns:
        list of `tf.Variable`: the banks, then the optimizer's state for them.
    """
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    known = optimizer._trainable_variables
    states = [
        value
        for value in vars(optimizer).values()
        if isinstance(value, list) and len(value) == len(known)
    ]
    found = [b.value for b in banks]
    for bank in banks:
        index = optimizer._get_variable_index(bank)
        for state in states:
            slot = state[index]
            if slot is None or slot is known[index]:
                continue
            if isinstance(slot, keras.Variable) and _has_rows(slot, bank):
                found.append(slot.value)
    return found


def _has_rows(slot, bank):
    return len(slot.shape) > 0 and slot.shape[0] == bank.shape[0]


def put_back(variables, before, present):
    """Restores the rows of the tasks that are not present.

    Args:
        variables: list of `tf.Variable` of shape `(num_tasks, ...)`.
        before: list of Tensors, their values before the step.
        present: bool Tensor of shape `(num_tasks,)`.
    """
    ranks = [len(variable.shape) for variable in variables]
    is_present = {
        rank: tf.reshape(present, [-1] + [1] * (rank - 1))
        for rank in set(ranks)
    }

    def restore(variable, old, is_present):
        variable.assign(tf.where(is_present, variable, old))

    def restore_all(strategy, variables, before, is_present):
        for rank, variable, old in zip(ranks, variables, before, strict=True):
            strategy.extended.update(
                variable, restore, args=(old, is_present[rank]), group=False
            )

    tf.__internal__.distribute.interim.maybe_merge_call(
        restore_all,
        tf.distribute.get_strategy(),
        variables,
        before,
        is_present,
    )

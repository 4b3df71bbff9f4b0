"""What the arguments of `MultiTaskClassifier` must be."""

import collections

import tensorflow as tf

from tf_adapters.data.task import Task


def check_tasks(tasks):
    """Returns `tasks` as a list, after refusing what cannot be told apart."""
    tasks = list(tasks)
    if not tasks:
        raise ValueError("`tasks` must hold at least one task. Received none.")
    for task in tasks:
        if not isinstance(task, Task):
            raise TypeError(
                "`tasks` must be `tf_adapters.Task` objects; GLUE's are in "
                f"`tf_adapters.GLUE_TASKS`. Received: {task!r}."
            )
    counts = collections.Counter(task.name for task in tasks)
    twice = sorted(name for name, count in counts.items() if count > 1)
    if twice:
        raise ValueError(
            "Every task must have a name of its own. Received twice: "
            f"{', '.join(twice)}."
        )
    return tasks


def check_label_smoothing(label_smoothing):
    """Refuses a share that is none."""
    if not 0 <= label_smoothing < 1:
        raise ValueError(
            "`label_smoothing` must be at least 0 and below 1. Received: "
            f"label_smoothing={label_smoothing}."
        )


def check_loss_weights(loss_weights, task_names):
    """Refuses the weight of a task that is not there, and negative ones."""
    unknown = sorted(set(loss_weights) - set(task_names))
    if unknown:
        raise ValueError(
            "`loss_weights` must name tasks of the model: "
            f"{', '.join(task_names)}. Received: {', '.join(unknown)}."
        )
    negative = {k: v for k, v in loss_weights.items() if not v >= 0}
    if negative:
        raise ValueError(
            "The weight of a loss must be 0 or more. Received: "
            f"loss_weights={negative}."
        )


def check_accumulate_steps(accumulate_steps):
    """Refuses what is no number of parts of a batch."""
    is_whole = isinstance(accumulate_steps, int)
    if (
        not is_whole
        or isinstance(accumulate_steps, bool)
        or accumulate_steps < 1
    ):
        raise ValueError(
            "`accumulate_steps` must be 1 or more. Received: "
            f"accumulate_steps={accumulate_steps!r}."
        )


def check_recompute(jit_compile, strategy):
    """Refuses to compute again what XLA computes once.

    Args:
        jit_compile: as for Keras's `compile`.
        strategy: that of the model.
    """
    if jit_compile is True or isinstance(strategy, tf.distribute.TPUStrategy):
        raise ValueError(
            "`recompute` must not be combined with XLA, which finds that the "
            "same is computed twice, and remembers it. Received: recompute="
            f"True, jit_compile={jit_compile} under a "
            f"{type(strategy).__name__}. Use `accumulate_steps` to need less "
            "memory."
        )


def check_ensemble(model, names):
    """Refuses tasks whose predictions cannot be put together.

    Args:
        model: a `MultiTaskClassifier`.
        names: names of its tasks.
    """
    if isinstance(names, str) or len(names) == 0:
        raise ValueError(
            "The tasks of an ensemble must be one or more names. Received: "
            f"tasks={names!r}. Write, say, tasks={model.task_names[:2]}."
        )
    names = list(names)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            "A task may be in an ensemble once. Received twice: "
            f"{', '.join(twice)}."
        )
    tasks = [model.tasks[model.task_id(name)] for name in names]
    if tasks[0].is_regression or len({task.labels for task in tasks}) > 1:
        labels = [f"{t.name} ({', '.join(t.labels) or 'none'})" for t in tasks]
        raise ValueError(
            "The tasks of an ensemble must be classifications with the same "
            "labels in the same order. Received, with their labels: "
            f"{'; '.join(labels)}."
        )

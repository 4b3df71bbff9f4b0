"""What the arguments of `MultiTaskClassifier` must be."""

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
    names = [task.name for task in tasks]
    twice = sorted({name for name in names if names.count(name) > 1})
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

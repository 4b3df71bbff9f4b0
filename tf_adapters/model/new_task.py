"""Where a task that comes later starts: at the weights of an earlier one."""

import numpy as np
from keras import ops


def copy_private_weights(model, source: str, target: str) -> None:
    """Gives a task the private weights of another.

    The head is among them if both tasks have the same outputs: the same labels
    in the same order, or a regression.

    Args:
        model: a `MultiTaskClassifier`.
        source, target: str. Tasks of it.
    """
    old, new = model.task_id(source), model.task_id(target)
    heads = {id(bank) for bank in model.heads.banks.values()}
    same_outputs = model.tasks[old].labels == model.tasks[new].labels
    for bank in model.banks().values():
        if same_outputs or id(bank) not in heads:
            values = np.array(ops.convert_to_numpy(bank))
            values[new] = values[old]
            bank.assign(values)

"""A signature that says what a served model can be asked."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tf_adapters.data.task import Task
from tf_adapters.export.answer import label_table

NAME = "describe"


def describe_signature(
    tasks: list[Task], metadata: dict[str, Any]
) -> Callable[[], dict[str, tf.Tensor]]:
    """Returns a signature that takes nothing and returns constants.

    Its outputs are `task`, string of shape `(num_tasks,)`, the names in the
    order of their ids; `labels`, string of shape `(num_tasks, max_outputs)`,
    `""` where a task has no such class; `value_range`, float32 of shape
    `(num_tasks, 2)`, NaN for tasks of classes; and `metadata`, a string of
    shape `()`: JSON, what `assets.extra/tf_adapters.json` holds, but for this
    signature and for where the bundles of the tasks are.

    Args:
        tasks: the tasks, in the order of their ids.
        metadata: what that file holds.
    """
    none = (np.nan, np.nan)
    ranges = [task.value_range or none for task in tasks]
    text = json.dumps(metadata, ensure_ascii=False)

    def describe():
        return {
            "task": tf.constant([task.name for task in tasks]),
            "labels": label_table(tasks),
            "value_range": tf.constant(ranges, tf.float32),
            "metadata": tf.constant(text),
        }

    return tf.function(describe, autograph=False).get_concrete_function()

"""Signatures that say what a served model can be asked."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tf_adapters.data.task import Task
from tf_adapters.export.graph.answer import label_table
from tf_adapters.export.graph.known_tasks import KnownTasks
from tf_adapters.export.graph.request import check_rank
from tf_adapters.export.graph.request import read_task_ids

NAME = "describe"
TASKS_NAME = "describe_tasks"


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
    text = json.dumps(metadata, ensure_ascii=False)

    def describe():
        return {
            "task": tf.constant([task.name for task in tasks]),
            "labels": label_table(tasks),
            "value_range": _ranges(tasks, none=np.nan),
            "metadata": tf.constant(text),
        }

    return tf.function(describe, autograph=False).get_concrete_function()


def describe_tasks_signature(
    tasks: list[Task], metadata: dict[str, Any], known: KnownTasks
) -> Callable[..., dict[str, tf.Tensor]]:
    """Returns a signature that takes names of tasks and describes them.

    TF Serving's REST API calls no signature without an input, and its batching
    wants a row of every output for each row of a request. So the input is
    `task`, string of shape `(batch_size,)`, and the outputs are the columns of
    `describe`, with a row for each name. `metadata` is then JSON, the task as
    it is in the file. The name `""` stands for the model: its row has in
    `metadata` all that `describe` has there, and nothing in the others. Where
    there is no `value_range`, it is 0 to 0, since NaN is no JSON.

    Args:
        tasks: the tasks, in the order of their ids.
        metadata: what `assets.extra/tf_adapters.json` holds.
        known: the tasks, as the model looks them up.
    """
    of_model = json.dumps(metadata, ensure_ascii=False)
    of_tasks = [
        json.dumps(task.get_config(), ensure_ascii=False) for task in tasks
    ]

    def describe_tasks(task):
        with tf.control_dependencies(check_rank({"task": task})):
            task = tf.identity(task)
        is_model = tf.equal(task, "")
        ids = read_task_ids(tf.where(is_model, tasks[0].name, task), known)
        labels = tf.gather(label_table(tasks), ids)
        ranges = tf.gather(_ranges(tasks, none=0.0), ids)
        texts = tf.gather(tf.constant(of_tasks), ids)
        return {
            "task": task,
            "labels": tf.where(is_model[:, None], "", labels),
            "value_range": tf.where(is_model[:, None], 0.0, ranges),
            "metadata": tf.where(is_model, of_model, texts),
        }

    names = tf.TensorSpec((None,), tf.string, name="task")
    compiled = tf.function(describe_tasks, autograph=False)
    return compiled.get_concrete_function(names)


def _ranges(tasks: list[Task], none: float) -> tf.Tensor:
    ranges = [task.value_range or (none, none) for task in tasks]
    return tf.constant(ranges, tf.float32)

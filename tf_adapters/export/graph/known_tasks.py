"""What a served graph knows of its tasks: tables, not branches."""

import tensorflow as tf

from tf_adapters.data.task import Task

# Names that an error lists. It is part of the graph, so it cannot list all of
# ten thousand.
_LISTED = 32


class KnownTasks(tf.Module):
    """Looks up the tasks of a model inside a graph, whatever their number.

    A `tf.Module`, because a SavedModel holds a table only if it is tracked.

    Args:
        tasks: the tasks of the model, in the order of their ids.

    Attributes:
        listed: str. The names of the tasks, for an error message.
        listed_single: str. Those of the tasks that read one text.
    """

    def __init__(self, tasks: list[Task]) -> None:
        super().__init__()
        self._is_pair = [task.is_pair for task in tasks]
        self.listed = listed([task.name for task in tasks])
        self.listed_single = listed(
            [task.name for task in tasks if not task.is_pair]
        )
        ids = tf.lookup.KeyValueTensorInitializer(
            [task.name for task in tasks],
            range(len(tasks)),
            key_dtype=tf.string,
            value_dtype=tf.int32,
        )
        self._ids = tf.lookup.StaticHashTable(ids, default_value=-1)

    def ids(self, names: tf.Tensor) -> tf.Tensor:
        """Returns int32 ids of the tasks called `names`, -1 for no task."""
        return self._ids.lookup(names)

    def is_pair(self, task_ids: tf.Tensor) -> tf.Tensor:
        """Returns bools: which of the tasks read two texts."""
        return tf.gather(self._is_pair, task_ids)


def listed(names: list[str]) -> str:
    """Returns names for an error message: all, or the first and how many."""
    more = len(names) - _LISTED
    listed = ", ".join(names[:_LISTED])
    if more <= 0:
        return listed
    return f"{listed} and {more} more"

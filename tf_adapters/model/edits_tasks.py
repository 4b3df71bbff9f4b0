"""A model whose tasks come, go and get other names."""

import dataclasses

import keras

from tf_adapters.model.arguments import check_tasks
from tf_adapters.model.new_task import copy_private_weights


class EditsTasks(keras.Model):
    """A model of several tasks that changes none but the one it is told.

    Subclasses have `tasks`, `task_id`, `encoder`, `heads`, `loss_weights`,
    `start_tasks` and `forget_compile`.
    """

    def add_task(self, task, initialise_from=None):
        """Adds a task to a model that has some, and leaves those as they are.

        The model must be compiled again before it is trained, because an
        optimizer holds state for the banks that were replaced.

        Args:
            task: a `Task` of another name than those of the model.
            initialise_from: str. The task of the model whose private weights
                the new one starts from, its head among them if both have the
                same outputs; `tf_adapters.nearest_task` finds one. Defaults to
                `None`: the new task starts as it would have in a new model.

        Raises:
            TypeError: if `task` is not a `Task`.
            ValueError: if the model has a task of that name, or none that is
                called `initialise_from`.
        """
        check_tasks([*self.tasks, task])
        if initialise_from is not None:
            self.task_id(initialise_from)
        self.add_tasks([task])
        if initialise_from is not None:
            copy_private_weights(self, initialise_from, task.name)

    def add_tasks(self, tasks):
        """Adds any number of tasks at the cost of one, as `add_task` does.

        Args:
            tasks: sequence of `Task`s of other names than those of the model,
                and than one another.

        Raises:
            TypeError: if one is not a `Task`.
            ValueError: if there is none, or two would have one name.
        """
        tasks = check_tasks(tasks)
        check_tasks([*self.tasks, *tasks])
        with self.distribute_strategy.scope():
            self.encoder.add_tasks(len(tasks))
            self.heads.add_heads([task.num_outputs for task in tasks])
            self._set_tasks([*self.tasks, *tasks])

    def remove_task(self, name):
        """Removes a task and its private weights, and leaves the others.

        The ids of the tasks after it go down by one, and the model must be
        compiled again before it is trained. What tasks share stays as it is.

        Args:
            name: str. A task of the model, not its only one.

        Raises:
            ValueError: if there is no such task, or no other.
        """
        index = self.task_id(name)
        tasks = self.tasks
        if len(tasks) == 1:
            raise ValueError(
                "A model must keep one task at least. Received: "
                f"name={name!r}, its only one. Add another first."
            )
        del tasks[index]
        with self.distribute_strategy.scope():
            self.encoder.remove_task(index)
            self.heads.remove_task(index)
            self.loss_weights.pop(name, None)
            self._set_tasks(tasks)

    def rename_task(self, name, new_name):
        """Calls a task something else; no weight changes.

        The model must be compiled again before it is trained, because losses
        are counted by the names of the tasks.

        Args:
            name: str. A task of the model.
            new_name: str. What no other task of it is called.

        Raises:
            ValueError: if there is no such task, another has the new name, or
                it is none that a task can have.
        """
        index = self.task_id(name)
        tasks = self.tasks
        tasks[index] = dataclasses.replace(tasks[index], name=new_name)
        check_tasks(tasks)
        with self.distribute_strategy.scope():
            if name in self.loss_weights:
                self.loss_weights[new_name] = self.loss_weights.pop(name)
            self._set_tasks(tasks)

    def _set_tasks(self, tasks):
        self._task_configs = [task.get_config() for task in tasks]
        self.start_tasks()
        self.forget_compile()

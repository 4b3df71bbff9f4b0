"""The base of every layer that keeps weights of its own for each task."""

import keras
from keras import ops

from tf_adapters.layers.banks import bank
from tf_adapters.layers.banks.stacked import Stacked
from tf_adapters.layers.banks.task_mixture import TaskMixture


class TaskLayer(keras.layers.Layer):
    """A layer whose private weights are banks, one row a task.

    Subclasses create their weights with `add_bank` in `build` and read them
    with `bank.select(self.name, task_ids)` in `call`. Everything a task owns
    can then be listed, saved, loaded and extended by name.

    Called with a `TaskMixture` as its `task_ids`, a layer returns the weighted
    mean of what it computes for each of the tasks.

    Args:
        num_tasks: int. Number of tasks, the size of axis 0 of every bank.
            Defaults to 1.
        **kwargs: keyword arguments of `keras.layers.Layer`.

    Attributes:
        banks: dict from the name of a bank to its variable.
        autocast_banks: bool. Whether `call` reads the banks in the compute
            dtype of the layer.
        is_tokenwise: bool. Whether what `call` returns for a token depends on
            that token and its task alone. Of the last layer of an encoder,
            only the token that is read is then computed.
        in_loop: bool. Whether `apply_banks` takes a batch apart in a loop, as
            an encoder sets it while it is baked. Defaults to `False`.
    """

    autocast_banks = True
    is_tokenwise = False

    def __init__(self, num_tasks=1, **kwargs):
        super().__init__(**kwargs)
        if num_tasks < 1:
            raise ValueError(
                "`num_tasks` must be at least 1, because a bank has one row "
                f"for each task. Received: num_tasks={num_tasks}."
            )
        self.num_tasks = num_tasks
        self.in_loop = False
        self._initializers = {}

    def __call__(self, *args, **kwargs):
        call, mixture = super().__call__, kwargs.get("task_ids")
        if not isinstance(mixture, TaskMixture):
            return call(*args, **kwargs)
        return mixture.mean(
            lambda task: call(*args, **{**kwargs, "task_ids": task})
        )

    @property
    def banks(self):
        return {name: getattr(self, name) for name in self._initializers}

    def cast_banks(self, *shared):
        """Returns the banks as Tensors of the compute dtype, by name.

        Args:
            *shared: `TaskLayer`s or `None`, whose banks are read beside those
                of this layer.
        """
        layers = [self, *(layer for layer in shared if layer is not None)]
        return {
            name: ops.cast(weights, self.compute_dtype)
            for layer in layers
            for name, weights in layer.banks.items()
        }

    def apply_banks(self, function, banks, task_ids, inputs, *others):
        """Calls `bank.apply`, in the way that the layer was told."""
        return bank.apply(
            function, banks, task_ids, inputs, *others, in_loop=self.in_loop
        )

    def add_bank(self, name, shape, initializer):
        """Creates `self.name`, a weight of shape `(num_tasks, *shape)`.

        Args:
            name: str. Attribute and saved name of the bank.
            shape: tuple of ints. Shape of the weight of one task.
            initializer: a Keras initializer of one task's weight, or an
                array of that shape that every task starts from.
        """
        self._initializers[name] = (tuple(shape), initializer)
        setattr(self, name, self._new_bank(name, Stacked(initializer)))

    def add_tasks(self, count):
        """Appends `count` freshly initialised rows to every bank.

        Args:
            count: int. Number of tasks to add.
        """
        self.num_tasks += count
        for name, old in list(self.banks.items()):
            shape, initializer = self._initializers[name]
            fresh = Stacked(initializer)((count, *shape), old.dtype)
            self.replace_bank(name, ops.concatenate([old, fresh], axis=0))

    def remove_task(self, index):
        """Takes the row of one task out of every bank.

        Args:
            index: int. The task; those after it move up by one.
        """
        self.num_tasks -= 1
        for name, old in list(self.banks.items()):
            rows = [old[:index], old[index + 1 :]]
            self.replace_bank(name, ops.concatenate(rows, axis=0))

    def replace_bank(self, name, values):
        """Puts a bank of another shape in the place of the bank `name`.

        Args:
            name: str. Name of the bank.
            values: array of shape `(num_tasks, ...)`.
        """
        old = getattr(self, name)
        shape, initializer = self._initializers[name]
        self._initializers[name] = (tuple(values.shape[1:]), initializer)
        # Keras locks a built layer against new weights and offers no public
        # way round it; its own `enable_lora` does the same.
        self._tracker.unlock()
        self._untrack_variable(old)
        # An initializer would draw what is overwritten.
        new = self._new_bank(name, keras.initializers.Zeros())
        new.assign(values)
        new.trainable = old.trainable
        setattr(self, name, new)
        self._tracker.lock()

    def computed(self):
        """Returns the banks of a layer that would hold what this computes.

        Returns:
            dict from name to Tensor of shape `(num_tasks, ...)`, empty if the
            layer computes no weights from others.
        """
        return {}

    def baked(self):
        """Returns a layer that computes the same, with as little work.

        A layer that computes its weights from others returns one that holds
        them. The layer itself does not change.
        """
        return self

    def get_config(self):
        return {**super().get_config(), "num_tasks": self.num_tasks}

    def _new_bank(self, name, initializer):
        shape, _ = self._initializers[name]
        return self.add_weight(
            name=name,
            shape=(self.num_tasks, *shape),
            initializer=initializer,
            autocast=self.autocast_banks,
        )

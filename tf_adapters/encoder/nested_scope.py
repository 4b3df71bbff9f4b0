"""Values that stand for variables, for as long as a block lasts."""

import keras
import tensorflow as tf


class NestedScope(keras.StatelessScope):
    """A `keras.StatelessScope` that may lie within another.

    What it has no value for, it takes from the scope around it. It remembers
    which variables are assigned within it.

    Args:
        values: sequence of pairs of a variable and a Tensor of the dtype that
            it is stored in.

    Attributes:
        assigned: list of variables, each once.
    """

    def __init__(self, values=()):
        super().__init__()
        # Not through the constructor, which would round them to what is
        # computed in.
        self.state_mapping = {id(k): value for k, value in values}
        self._assigned = {}

    @property
    def assigned(self):
        return list(self._assigned.values())

    def add_update(self, update):
        super().add_update(update)
        self._assigned[id(update[0])] = update[0]

    def get_current_value(self, variable):
        value = super().get_current_value(variable)
        if value is None and self.original_scope is not None:
            return self.original_scope.get_current_value(variable)
        return value

    def stored(self, variable):
        """Returns the value of a variable here, in the dtype of storage."""
        value = self.get_current_value(variable)
        # Read now: Keras would hand on the variable, to be read when used.
        return tf.convert_to_tensor(variable._value if value is None else value)

    def write_back(self):
        """Assigns what was assigned within, once the block is over."""
        for variable in self.assigned:
            variable.assign(self.get_current_value(variable))

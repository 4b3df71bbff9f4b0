"""An initializer that draws every row on its own."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="tf_adapters")
class Stacked(keras.initializers.Initializer):
    """Draws each slice along axis 0 as a weight of its own.

    One draw of the whole would read the first axis as part of the fans, and
    one initializer object returns the same values at every call.

    Args:
        initializer: a Keras initializer of one slice, or an array that every
            slice starts from. One with a seed draws all slices alike.
    """

    def __init__(self, initializer):
        self.initializer = initializer

    def __call__(self, shape, dtype=None):
        rows = [self._row(tuple(shape[1:]), dtype) for _ in range(shape[0])]
        return ops.stack(rows)

    def _row(self, shape, dtype):
        if isinstance(self.initializer, keras.initializers.Initializer):
            return self.initializer.clone()(shape, dtype=dtype)
        return ops.convert_to_tensor(self.initializer, dtype=dtype)

    def get_config(self):
        return {"initializer": self.initializer}

    @classmethod
    def from_config(cls, config):
        initializer = config["initializer"]
        if isinstance(initializer, dict):
            initializer = keras.saving.deserialize_keras_object(initializer)
        return cls(initializer)

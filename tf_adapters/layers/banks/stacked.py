"""An initializer that draws every row on its own."""

import keras
from keras import ops

_ALIKE = (
    keras.initializers.Zeros,
    keras.initializers.Ones,
    keras.initializers.Constant,
)
# Whose values do not depend on the shape that is drawn.
_INDEPENDENT = (
    keras.initializers.RandomNormal,
    keras.initializers.RandomUniform,
    keras.initializers.TruncatedNormal,
)
_SCALED = (
    keras.initializers.VarianceScaling,
    keras.initializers.GlorotNormal,
    keras.initializers.GlorotUniform,
    keras.initializers.HeNormal,
    keras.initializers.HeUniform,
    keras.initializers.LecunNormal,
    keras.initializers.LecunUniform,
)


# Drawn one by one, so that a seed gives a few tasks what it always gave them.
_FEW = 64


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
        if shape[0] > _FEW:
            drawn = self._drawn_at_once(tuple(shape), dtype)
            if drawn is not None:
                return drawn
        rows = [self._row(tuple(shape[1:]), dtype) for _ in range(shape[0])]
        return ops.stack(rows)

    def _drawn_at_once(self, shape, dtype):
        """Returns all rows, or `None` if each must be drawn by itself.

        Thousands of tasks would wait for thousands of draws.
        """
        initializer = self.initializer
        if not isinstance(initializer, keras.initializers.Initializer):
            row = ops.convert_to_tensor(initializer, dtype=dtype)
            return ops.tile(row[None], (shape[0], *[1] * len(row.shape)))
        if isinstance(initializer, _ALIKE):
            return initializer(shape, dtype=dtype)
        if initializer.get_config().get("seed", 0) is not None:
            return None
        if type(initializer) in _INDEPENDENT:
            return initializer.clone()(shape, dtype=dtype)
        if type(initializer) in _SCALED and len(shape) > 2:
            # The first axis multiplies each of the fans that Keras finds.
            return keras.initializers.VarianceScaling(
                initializer.scale * shape[0],
                initializer.mode,
                initializer.distribution,
            )(shape, dtype=dtype)
        return None

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

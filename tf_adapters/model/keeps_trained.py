"""A model that remembers what trained in it while it is frozen."""

import keras


class KeepsTrained(keras.Model):
    """A model whose `trainable` leaves the choice of weights to its method.

    Keras sets every weight alike, so that freezing a model and thawing it
    again would train its frozen backbone.
    """

    @property
    def trainable(self):
        """Whether anything is trained.

        `False` freezes the model, `True` afterwards lets train what was trained
        before, as the method chose it, and not the whole encoder.
        """
        return super().trainable

    @trainable.setter
    def trainable(self, value):
        if bool(value) == self.trainable:
            return
        if not value:
            self._frozen_before = [
                id(weight) for weight in self.variables if not weight.trainable
            ]
        keras.Model.trainable.fset(self, value)
        if value:
            for weight in self.variables:
                weight.trainable = id(weight) not in self._frozen_before

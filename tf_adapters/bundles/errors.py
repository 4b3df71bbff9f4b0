"""The one error of this floor."""


class BundleError(ValueError):
    """A bundle cannot be written, read, or loaded into this model.

    Whatever raised it has changed neither the model nor the disk.
    """

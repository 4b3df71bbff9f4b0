"""Which devices a run trains on."""

from __future__ import annotations

from etils import epy

with epy.lazy_imports():
    import tensorflow as tf

STRATEGIES = ("one_device", "mirrored")


def make_strategy(name: str) -> tf.distribute.Strategy:
    """Returns the `tf.distribute` strategy called `name`.

    Args:
        name: `"one_device"`, or `"mirrored"` for a replica on every GPU of
            this machine; without a GPU, on every logical CPU, of which there
            is one unless the program asked for more.

    Returns:
        A strategy. Build the model inside its `scope()`.

    Raises:
        ValueError: if the name is not known.
    """
    if name == "one_device":
        return tf.distribute.get_strategy()
    if name == "mirrored":
        devices = tf.config.list_logical_devices("GPU")
        devices = devices or tf.config.list_logical_devices("CPU")
        return tf.distribute.MirroredStrategy([d.name for d in devices])
    raise ValueError(
        f"`strategy` must be one of {', '.join(STRATEGIES)}. Received: "
        f"strategy={name!r}."
    )

"""AdamW with the schedule of the papers."""

import keras
import tensorflow as tf
from keras import ops

from tf_adapters.training.config import TrainConfig


@keras.saving.register_keras_serializable(package="tf_adapters")
class WarmupLinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Rises from 0 to the peak, then falls to 0, both in a straight line.

    Google's BERT and adapter code do not start the decay at the peak: there
    the rate drops to 0.9 of the peak when warm-up ends. Here it does not.

    Args:
        peak: float. The highest learning rate.
        num_steps: int. Steps of the whole run.
        warmup_fraction: float. Share of the steps in which the rate rises.
    """

    def __init__(self, peak, num_steps, warmup_fraction=0.1):
        self.peak = peak
        self.num_steps = num_steps
        self.warmup_fraction = warmup_fraction

    def __call__(self, step):
        # The first step counts as 1, so that it is not wasted on a rate of 0.
        done = ops.cast(step, "float32") + 1
        warmup = float(int(self.warmup_fraction * self.num_steps))
        rising = done / max(warmup, 1.0)
        falling = (self.num_steps + 1 - done) / (self.num_steps + 1 - warmup)
        return self.peak * ops.clip(ops.minimum(rising, falling), 0.0, 1.0)

    def get_config(self):
        return {
            "peak": self.peak,
            "num_steps": self.num_steps,
            "warmup_fraction": self.warmup_fraction,
        }


@keras.saving.register_keras_serializable(package="tf_adapters")
class AdamW(keras.optimizers.AdamW):
    """AdamW that clips the gradient of the global batch.

    Keras clips the gradient of each replica and adds them up afterwards, and
    takes the gradient of an embedding apart by token to square it.
    """

    def apply(self, grads, trainable_variables=None):
        known = [tf.convert_to_tensor(g) for g in grads if g is not None]
        replica = tf.distribute.get_replica_context()
        if known and replica and replica.num_replicas_in_sync > 1:
            known = replica.all_reduce("SUM", known)
        known = iter(known)
        grads = [None if g is None else next(known) for g in grads]
        return super().apply(grads, trainable_variables)

    def _all_reduce_sum_gradients(self, grads_and_vars):
        # `apply` has added them up. It goes over the network once.
        return list(grads_and_vars)


def make_optimizer(config: TrainConfig, num_steps: int):
    """Returns AdamW as `config` says.

    Biases and the gains and offsets of LayerNorms are not decayed. The norm
    of the gradients is clipped over the trainable set only, which is all that
    Keras hands to an optimizer.

    Args:
        config: a `TrainConfig`.
        num_steps: int. Steps of the whole run.

    Returns:
        An `AdamW`.
    """
    optimizer = AdamW(
        WarmupLinearDecay(
            config.learning_rate, num_steps, config.warmup_fraction
        ),
        weight_decay=config.weight_decay,
        epsilon=1e-6,
        global_clipnorm=config.clip_norm or None,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer

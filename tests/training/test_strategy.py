import pytest
import tensorflow as tf

from tf_adapters.training.strategy import make_strategy


def test_one_device_is_the_default_strategy():
    assert make_strategy("one_device").num_replicas_in_sync == 1
    assert make_strategy("one_device") is tf.distribute.get_strategy()


@pytest.mark.large
def test_mirrored_takes_every_device():
    devices = tf.config.list_logical_devices("GPU")
    devices = devices or tf.config.list_logical_devices("CPU")
    replicas = make_strategy("mirrored").num_replicas_in_sync
    assert replicas == len(devices) > 1


def test_an_unknown_strategy_is_refused():
    message = "one_device, mirrored, multi_worker. Received: strategy='tpu'"
    with pytest.raises(ValueError, match=message):
        make_strategy("tpu")

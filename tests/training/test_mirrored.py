"""I8: one device and two replicas have the same losses."""

import contextlib

import keras
import numpy as np
import pytest

from tf_adapters.methods import FullFineTuning
from tf_adapters.methods import Houlsby

OPTIMIZERS = {
    # SGD shows a gradient that is too long, and AdamW one that is clipped
    # before it is summed. Its epsilon is large, lest rounding be divided by
    # rounding where a gradient is zero.
    "sgd": lambda: keras.optimizers.SGD(0.05, momentum=0.9),
    "adamw": lambda: keras.optimizers.AdamW(
        1e-2, epsilon=1e-3, global_clipnorm=0.1
    ),
}


@pytest.mark.large
@pytest.mark.parametrize("method", [Houlsby(4), FullFineTuning()], ids=repr)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_two_replicas_train_as_one_device_does(
    small_model, toy_dataset, two_cpus, method, optimizer
):
    # Some rows weigh nothing, more of them in one half than in the other.
    weight = np.ones(96, "float32")
    weight[6:11] = weight[30] = 0

    def train(scope):
        keras.utils.set_random_seed(0)
        with scope:
            model = small_model(method)
            model.compile(OPTIMIZERS[optimizer](), jit_compile=False)
        dataset = toy_dataset(weight=weight)
        history = model.fit(dataset, epochs=2, shuffle=False, verbose=0).history
        return history, [np.array(w) for w in model.trainable_variables]

    one, weights = train(contextlib.nullcontext())
    two, weights_of_two = train(two_cpus.scope())
    assert set(one) == {"loss", "two_loss", "three_loss", "score_loss"}
    for name, losses in one.items():
        np.testing.assert_allclose(two[name], losses, rtol=1e-5, err_msg=name)
    for first, second in zip(weights, weights_of_two, strict=True):
        np.testing.assert_allclose(second, first, atol=1e-5)

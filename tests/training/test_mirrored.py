"""I8: one device and two replicas have the same losses."""

import contextlib

import keras
import numpy as np
import pytest

from tests.rounding import ROUNDING
from tf_adapters.methods import FullFineTuning
from tf_adapters.methods import Houlsby
from tf_adapters.methods import IntrinsicSAID
from tf_adapters.training.config import TrainConfig
from tf_adapters.training.optimizer import make_optimizer


def sgd():
    """Shows a gradient that is too long."""
    return keras.optimizers.SGD(0.05, momentum=0.9)


def clipped_adamw():
    """Shows a gradient that is clipped before it is summed."""
    config = TrainConfig(clip_norm=0.1, learning_rate=1e-2)
    optimizer = make_optimizer(config, num_steps=16)
    # Lest rounding be divided by rounding where a gradient is zero.
    optimizer.epsilon = 1e-3
    return optimizer


@pytest.mark.large
@pytest.mark.parametrize(
    "method, make",
    [
        (Houlsby(4), sgd),
        (Houlsby(4), clipped_adamw),
        (FullFineTuning(), sgd),
        (IntrinsicSAID(60), sgd),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_two_replicas_train_as_one_device_does(
    small_model, toy_dataset, two_cpus, method, make
):
    # Some rows weigh nothing, more of them in one half than in the other.
    weight = np.ones(96, "float32")
    weight[6:11] = weight[30] = 0

    def train(scope):
        keras.utils.set_random_seed(0)
        with scope:
            model = small_model(method)
            model.compile(make(), jit_compile=False)
        dataset = toy_dataset(weight=weight)
        history = model.fit(dataset, epochs=2, shuffle=False, verbose=0).history
        return history, [np.array(w) for w in model.trainable_variables]

    one, weights = train(contextlib.nullcontext())
    two, weights_of_two = train(two_cpus.scope())
    assert set(one) == {"loss", "two_loss", "three_loss", "score_loss"}
    for name, losses in one.items():
        np.testing.assert_allclose(two[name], losses, rtol=1e-5, err_msg=name)
    for first, second in zip(weights, weights_of_two, strict=True):
        np.testing.assert_allclose(second, first, atol=ROUNDING)


@pytest.mark.large
def test_replicas_with_unequal_shares_do_as_one_device_does(
    small_model, toy_dataset, two_cpus
):
    """Batches of 5: 3 and 2 rows, and at last 1 and none."""

    def run(scope):
        keras.utils.set_random_seed(0)
        with scope:
            model = small_model(Houlsby(4))
            # A metric of the user's, which Keras builds no sooner than it must.
            model.compile(sgd(), jit_compile=False, metrics=["accuracy"])
        dataset = toy_dataset(count=36).unbatch().batch(5)
        scores = model.evaluate(dataset, verbose=0, return_dict=True)
        logits = model.predict(dataset, verbose=0)
        history = model.fit(dataset, epochs=2, shuffle=False, verbose=0).history
        weights = [np.array(w) for w in model.trainable_variables]
        return scores, logits, history, weights

    scores, logits, history, weights = run(contextlib.nullcontext())
    found = run(two_cpus.scope())
    assert found[0] == pytest.approx(scores, rel=1e-5)
    assert "accuracy" in scores
    assert logits.shape == (36, 3)
    np.testing.assert_allclose(found[1], logits, atol=ROUNDING)
    for name, losses in history.items():
        np.testing.assert_allclose(found[2][name], losses, rtol=1e-5)
    for value, expected in zip(found[3], weights, strict=True):
        np.testing.assert_allclose(value, expected, atol=ROUNDING)

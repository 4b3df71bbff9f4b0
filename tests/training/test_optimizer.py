import keras
import numpy as np
import pytest

from tf_adapters.methods import FullFineTuning
from tf_adapters.methods import Houlsby
from tf_adapters.training.config import TrainConfig
from tf_adapters.training.optimizer import WarmupLinearDecay
from tf_adapters.training.optimizer import make_optimizer


def test_the_schedule_by_hand():
    # Two of ten steps rise to 1, the other eight fall to 1/9 of it; a step
    # more would reach 0.
    schedule = WarmupLinearDecay(1.0, num_steps=10, warmup_fraction=0.2)
    expected = [1 / 2, 1, *(i / 9 for i in range(8, 0, -1)), 0, 0]
    found = [float(schedule(step)) for step in range(12)]
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_the_schedule_without_warm_up_starts_near_the_peak():
    schedule = WarmupLinearDecay(0.5, num_steps=4, warmup_fraction=0.0)
    found = [float(schedule(step)) for step in range(4)]
    # The line from 0.5 before the first step to 0 after the last.
    np.testing.assert_allclose(found, [0.4, 0.3, 0.2, 0.1], rtol=1e-6)


def test_the_schedule_has_no_step_beyond_the_peak():
    schedule = WarmupLinearDecay(1.0, num_steps=1000)
    rates = np.array([float(schedule(step)) for step in range(0, 1000, 7)])
    assert rates.min() > 0
    assert rates.max() <= 1


def test_the_schedule_round_trips():
    schedule = WarmupLinearDecay(2.0, 50, 0.25)
    config = keras.optimizers.schedules.serialize(schedule)
    revived = keras.optimizers.schedules.deserialize(config)
    assert revived.get_config() == schedule.get_config()
    assert float(revived(7)) == float(schedule(7))


@pytest.mark.parametrize("method", [Houlsby(4), FullFineTuning()], ids=repr)
def test_kernels_decay_and_biases_and_layer_norms_do_not(make_model, method):
    model = make_model(method)
    config = TrainConfig(
        learning_rate=0.5, weight_decay=0.1, warmup_fraction=0.0
    )
    optimizer = make_optimizer(config, num_steps=1)
    before = [np.array(v) for v in model.trainable_variables]
    zeros = [np.zeros_like(v) for v in before]
    optimizer.apply(
        [keras.ops.convert_to_tensor(z) for z in zeros],
        model.trainable_variables,
    )
    # The only step has half the peak: 0.25 times the decay of 0.1.
    for variable, old in zip(model.trainable_variables, before, strict=True):
        stays = any(k in variable.name for k in ("bias", "gamma", "beta"))
        expected = old if stays else old * (1 - 0.025)
        np.testing.assert_allclose(variable, expected, rtol=1e-5, atol=1e-7)
        is_vector = variable.shape[-1] == np.prod(variable.shape)
        assert stays or not is_vector, variable.path


def test_the_settings_reach_the_optimizer():
    config = TrainConfig(weight_decay=0.3, clip_norm=0.0)
    optimizer = make_optimizer(config, num_steps=10)
    assert optimizer.weight_decay == 0.3
    assert optimizer.global_clipnorm is None
    assert make_optimizer(TrainConfig(), 10).global_clipnorm == 1.0


@pytest.mark.large
def test_the_norm_is_that_of_the_summed_gradient(small_model, toy):
    # Every weight moves by the clipped gradient if all else is switched off.
    import tensorflow as tf

    x, y = toy(12)
    model = small_model(FullFineTuning())
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x, y, model(x))
    variables = model.trainable_variables
    grads = tape.gradient(loss, [v.value for v in variables])
    dense = [np.array(tf.convert_to_tensor(g)) for g in grads]
    norm = np.sqrt(sum((g.astype("float64") ** 2).sum() for g in dense))
    optimizer = make_optimizer(
        TrainConfig(clip_norm=float(norm) / 4), num_steps=10
    )
    optimizer.build(variables)
    optimizer.apply(grads, variables)
    # The first moments are 0.1 of the gradients.
    for moment, gradient in zip(optimizer._momentums, dense, strict=True):
        np.testing.assert_allclose(
            moment, 0.1 * gradient / 4, rtol=1e-4, atol=1e-9
        )

"""Half precision, on one device and with replicas."""

import contextlib

import keras
import numpy as np
import pytest

from tf_adapters.methods import Houlsby
from tf_adapters.model import task_trainer
from tf_adapters.training.config import TrainConfig
from tf_adapters.training.optimizer import make_optimizer

WAYS = {
    "one": {},
    "parts": {"accumulate_steps": 2, "recompute": True},
    "compiled": {"jit_compile": True},
}


@pytest.fixture
def trained(make_backbone, make_model, toy_dataset):
    def trained(dtype, scope, epochs=1, weight=None, rate=1e-2, **kwargs):
        keras.utils.set_random_seed(0)
        with scope:
            backbone = make_backbone(dropout=0.0, dtype=dtype)
            model = make_model(Houlsby(4), dropout=0.0, backbone=backbone)
            config = TrainConfig(learning_rate=rate)
            model.compile(make_optimizer(config, 8 * epochs), **kwargs)
        history = model.fit(
            toy_dataset(weight=weight), epochs=epochs, shuffle=False, verbose=0
        ).history
        return model, history

    return trained


@pytest.mark.large
@pytest.mark.xla
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_learns_with_one_device(trained, dtype, way):
    one = contextlib.nullcontext()
    model, history = trained(dtype, one, epochs=6, **WAYS[way])
    assert history["loss"][-1] < 0.8 * history["loss"][0]
    assert {w.dtype for w in model.trainable_weights} == {"float32"}


@pytest.mark.large
@pytest.mark.parametrize("way", ["one", "parts"])
@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_learns_with_two_replicas(trained, two_cpus, dtype, way):
    _, one = trained(dtype, contextlib.nullcontext(), epochs=6)
    _, two = trained(dtype, two_cpus.scope(), epochs=6, **WAYS[way])
    assert two["loss"][-1] < 0.8 * two["loss"][0]
    # Eleven bits and less, added up in another order.
    np.testing.assert_allclose(two["loss"], one["loss"], rtol=0.05)


@pytest.fixture
def overflown(make_backbone, make_model, toy_dataset, two_cpus):
    """Trains one batch, a row of which makes the gradient infinite."""

    def overflown(row):
        weight = np.ones(12, "float32")
        weight[row] = 1e38
        with two_cpus.scope():
            backbone = make_backbone(dropout=0.0, dtype="mixed_float16")
            model = make_model(Houlsby(4), dropout=0.0, backbone=backbone)
            model.compile(make_optimizer(TrainConfig(learning_rate=1e-2), 8))
        before = [np.array(w) for w in model.trainable_weights]
        dataset = toy_dataset(count=12, weight=weight)
        model.fit(dataset, shuffle=False, verbose=0)
        after = [np.array(w) for w in model.trainable_weights]
        return model.optimizer, before, after

    return overflown


@pytest.mark.large
@pytest.mark.parametrize("row", [2, 8], ids=["first", "second"])
def test_a_step_in_which_a_replica_overflows_is_left_out(overflown, row):
    optimizer, before, after = overflown(row)
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(new, old)
    scale = keras.ops.convert_to_numpy(optimizer.dynamic_scale)
    assert scale == optimizer.initial_scale / 2


@pytest.mark.large
def test_keras_alone_still_asks_the_first_replica(overflown, monkeypatch):
    """If not, `finite_everywhere` is not needed any more."""
    monkeypatch.setattr(task_trainer, "finite_everywhere", lambda _, g: g)
    _, _, after = overflown(8)
    assert not all(np.isfinite(array).all() for array in after)

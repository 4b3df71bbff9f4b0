"""What a step is made of is there before it is traced, once."""

import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_adapters.methods import Houlsby

OPTIMIZERS = {
    "adamw": lambda: keras.optimizers.AdamW(0.01),
    # It wraps another, which has variables of its own.
    "scaled": lambda: keras.optimizers.LossScaleOptimizer(
        keras.optimizers.Adam(0.01)
    ),
}


@pytest.mark.large
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("replicas", [1, 2])
def test_the_step_is_traced_once_for_each_replica(
    small_model, toy_dataset, two_cpus, count_steps, optimizer, replicas
):
    scope = two_cpus.scope() if replicas == 2 else contextlib.nullcontext()
    with scope:
        model = small_model(Houlsby(4))
        model.compile(OPTIMIZERS[optimizer](), jit_compile=False)
    assert not model.optimizer.built
    runs = count_steps(model)
    model.fit(toy_dataset().take(2), shuffle=False, verbose=0)
    assert len(runs) == replicas
    tracked = {id(v) for v in model.optimizer.variables}
    model.fit(toy_dataset().take(2), shuffle=False, verbose=0)
    assert {id(v) for v in model.optimizer.variables} == tracked
    assert len(runs) == replicas


@pytest.mark.large
@pytest.mark.parametrize("run_eagerly", [False, True])
def test_a_single_batch_trains_a_new_optimizer(small_model, toy, run_eagerly):
    model = small_model(Houlsby(4))
    model.compile("adamw", run_eagerly=run_eagerly, jit_compile=False)
    x, y = toy()
    losses = [model.train_on_batch(x, y)[0] for _ in range(4)]
    assert losses[-1] < losses[0]


def test_a_prediction_is_traced_once_for_all_widths(small_model, toy):
    model = small_model(Houlsby(4))
    x, _ = toy()

    def cut(width):
        return {
            name: own[:, :width] if np.ndim(own) == 2 else own
            for name, own in x.items()
        }

    batches = [cut(width) for width in (4, x["token_ids"].shape[1], 6)]
    spec = {
        name: tf.TensorSpec((None,) * np.ndim(own), "int32")
        for name, own in x.items()
    }
    dataset = tf.data.Dataset.from_generator(
        lambda: batches, output_signature=spec
    ).apply(tf.data.experimental.assert_cardinality(len(batches)))
    together = model.predict(dataset, verbose=0)
    assert model.predict_function.experimental_get_tracing_count() == 1
    alone = [model(batch, training=False) for batch in batches]
    np.testing.assert_allclose(together, np.concatenate(alone), atol=1e-5)


def test_a_dataset_that_knows_no_shapes_is_predicted(small_model, toy):
    model = small_model(Houlsby(4))
    x, _ = toy(12)
    dataset = tf.data.Dataset.from_generator(
        lambda: iter([x]), output_types={name: "int32" for name in x}
    ).apply(tf.data.experimental.assert_cardinality(1))
    found = model.predict(dataset, verbose=0)
    np.testing.assert_allclose(found, model(x, training=False), atol=1e-5)

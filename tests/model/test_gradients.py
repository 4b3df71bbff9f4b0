"""The same gradient, in parts and computed again."""

import contextlib

import keras
import keras_nlp
import numpy as np
import pytest
import tensorflow as tf

import tf_adapters
from tests.method_table import METHODS
from tests.rounding import ROUNDING
from tf_adapters.model.gradients import gradients_at_once
from tf_adapters.model.gradients import gradients_in_parts

LABELS = np.array([1, 2, 0.4, 0, 1, 0.9], "float32")
WEIGHTS = np.array([1, 1, 0, 1, 0.5, 1], "float32")


def arrays(gradients):
    return [
        None if g is None else np.array(tf.convert_to_tensor(g))
        for g in gradients
    ]


def assert_same(found, expected):
    loss, outputs, gradients = found
    np.testing.assert_allclose(loss, expected[0], rtol=1e-6)
    np.testing.assert_allclose(outputs, expected[1], atol=ROUNDING)
    pairs = zip(arrays(gradients), arrays(expected[2]), strict=True)
    for gradient, wanted in pairs:
        assert (gradient is None) == (wanted is None)
        if wanted is not None:
            scale = max(1.0, np.abs(wanted).max())
            np.testing.assert_allclose(gradient, wanted, atol=1e-5 * scale)


@pytest.mark.large
@pytest.mark.parametrize("name", METHODS)
def test_every_method_has_one_gradient_however_it_is_computed(
    name, make_model, make_inputs, scramble
):
    """All at once, in three parts, and with its layers computed again."""
    model = make_model(METHODS[name](), dropout=0.0)
    scramble(model.trainable_weights)
    model.compile(keras.optimizers.SGD())
    inputs = make_inputs(batch=6, num_tasks=3)
    data = (inputs, tf.constant(LABELS), tf.constant(WEIGHTS))
    data = keras.tree.map_structure(tf.convert_to_tensor, data)
    expected = gradients_at_once(model, data)
    assert_same(gradients_in_parts(model, data, 3), expected)
    model.encoder.recompute = True
    assert_same(gradients_at_once(model, data), expected)


@pytest.mark.large
@pytest.mark.parametrize("name", ["houlsby", "intrinsic_said", "pals"])
def test_what_is_computed_again_drops_the_same(
    name, make_model, make_inputs, scramble
):
    model = make_model(METHODS[name](), dropout=0.3)
    scramble(model.trainable_weights)
    model.compile(keras.optimizers.SGD())
    seeds = [v for v in model.variables if "seed" in v.path]
    data = (make_inputs(batch=6, num_tasks=3), LABELS, WEIGHTS)

    def drawn():
        keras.utils.set_random_seed(0)
        for seed in seeds:
            seed.assign([7, 0])
        return gradients_at_once(model, data)

    expected = drawn()
    moved = [np.array(seed) for seed in seeds]
    model.encoder.recompute = True
    assert_same(drawn(), expected)
    # Nor does the second time count as another draw.
    for seed, value in zip(seeds, moved, strict=True):
        np.testing.assert_array_equal(seed, value)


def test_each_part_drops_others(make_model, make_inputs):
    model = make_model(tf_adapters.Houlsby(4), num_tasks=1, dropout=0.5)
    model.compile(keras.optimizers.SGD())
    row = {k: v[:1] for k, v in make_inputs(batch=1).items()}
    same = {k: tf.constant(np.repeat(v, 2, axis=0)) for k, v in row.items()}
    data = (same, tf.zeros(2), tf.ones(2))
    _, outputs, _ = gradients_in_parts(model, data, 2)
    assert not np.allclose(outputs[0], outputs[1])


def test_a_batch_that_does_not_divide_is_refused(make_model, make_inputs):
    model = make_model(tf_adapters.Houlsby(4))
    model.compile(keras.optimizers.SGD(), accumulate_steps=4)
    inputs = make_inputs(batch=6, num_tasks=3)
    with pytest.raises(ValueError, match="accumulate_steps=4 for 6 rows"):
        model.train_on_batch(inputs, LABELS)


@pytest.mark.large
def test_a_smaller_last_batch_must_divide_too(make_model, toy_dataset):
    model = make_model(tf_adapters.Houlsby(4))
    model.compile(keras.optimizers.SGD(), accumulate_steps=4)
    dataset = toy_dataset(count=24).unbatch().batch(10)
    with pytest.raises(tf.errors.InvalidArgumentError, match="for other rows"):
        model.fit(dataset, shuffle=False, verbose=0)


@pytest.mark.parametrize("steps", [0, -1, 2.0, True])
def test_a_number_of_parts_that_is_none_is_refused(make_model, steps):
    model = make_model(tf_adapters.Houlsby(4))
    with pytest.raises(ValueError, match="must be 1 or more. Received"):
        model.compile(accumulate_steps=steps)


def test_what_xla_would_undo_is_refused(make_model):
    model = make_model(tf_adapters.Houlsby(4))
    with pytest.raises(ValueError, match="`recompute` must not.*XLA"):
        model.compile(recompute=True, jit_compile=True)
    # Keras would choose XLA on a GPU.
    model.compile(recompute=True)
    assert model.jit_compile is False


def test_what_a_layer_assigns_besides_is_refused(make_model, make_inputs):
    model = make_model(tf_adapters.Houlsby(4))
    model.compile(keras.optimizers.SGD(), accumulate_steps=2)
    average = keras.Variable(0.0, trainable=False, name="average")
    heads = model.heads.call

    def call(*args, **kwargs):
        average.assign_add(1.0)
        return heads(*args, **kwargs)

    model.heads.call = call
    inputs = make_inputs(batch=6, num_tasks=3)
    with pytest.raises(ValueError, match="must assign no.*: average"):
        model.train_on_batch(inputs, LABELS)


def test_a_file_remembers_how_the_model_is_trained(make_model, tmp_path):
    model = make_model(tf_adapters.Houlsby(4))
    model.compile(keras.optimizers.SGD(), accumulate_steps=3, recompute=True)
    model.save(tmp_path / "model.keras")
    revived = keras.models.load_model(tmp_path / "model.keras")
    assert revived.accumulate_steps == 3
    assert revived.encoder.recompute


@pytest.mark.large
@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize("stock", [True, False], ids=["keras", "own"])
def test_parts_train_as_the_large_batch_does(
    make_model, toy_dataset, two_cpus, replicas, stock
):
    """4 x 8 = 32, with one replica and with two of 4 x 4."""
    weight = np.ones(96, "float32")
    weight[6:11] = weight[30] = 0

    def train(scope, **kwargs):
        keras.utils.set_random_seed(0)
        config = tf_adapters.TrainConfig(clip_norm=0.1, learning_rate=1e-2)
        with scope:
            model = make_model(tf_adapters.Houlsby(4), dropout=0.0)
            optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
            if not stock:
                from tf_adapters.training.optimizer import make_optimizer

                optimizer = make_optimizer(config, 6)
                # Lest rounding be divided by rounding.
                optimizer.epsilon = 1e-3
            model.compile(optimizer, **kwargs)
        dataset = toy_dataset(batch_size=32, weight=weight)
        history = model.fit(dataset, epochs=2, shuffle=False, verbose=0).history
        return history, [np.array(w) for w in model.trainable_weights]

    one = contextlib.nullcontext()
    scope = two_cpus.scope() if replicas == 2 else contextlib.nullcontext()
    losses, expected = train(one)
    found, weights = train(scope, accumulate_steps=4, recompute=True)
    assert set(found) == set(losses)
    for name, values in losses.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-6)
    for value, wanted in zip(weights, expected, strict=True):
        np.testing.assert_allclose(value, wanted, atol=1e-6)


@pytest.mark.large
def test_keras_alone_still_accumulates_for_one_replica_only(two_cpus):
    """If not, `accumulate_steps` could be left to it (keras issue 20582)."""
    with two_cpus.scope():
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        optimizer = keras.optimizers.SGD(0.1, gradient_accumulation_steps=2)
        model.compile(optimizer, loss="mse")
    with pytest.raises(RuntimeError, match="merge_call"):
        model.fit(np.ones((8, 3)), np.ones((8, 1)), batch_size=4, verbose=0)


@pytest.mark.large
def test_keras_alone_still_computes_nothing_again_in_a_graph(make_inputs):
    """If not, `recompute` could be left to it."""
    with keras.RematScope(mode="full"):
        backbone = keras_nlp.models.BertBackbone(50, 1, 2, 16, 32)
    outputs = backbone.output["pooled_output"]
    model = keras.Model(backbone.input, outputs)
    model.compile("sgd", loss="mse")
    inputs = make_inputs(batch=4)
    del inputs["task_ids"]
    with pytest.raises(ValueError, match="keywords arguments only when eager"):
        model.fit(inputs, np.ones((4, 16)), verbose=0)

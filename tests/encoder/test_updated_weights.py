"""Pretrained weights that a task updates, and how they are served."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tf_adapters
from tests.rounding import ROUNDING
from tf_adapters import AdaptedBackbone
from tf_adapters.layers import TaskLayer
from tf_adapters.layers.banks import bank

KEYS = ("sequence_output", "pooled_output")


class Shift(TaskLayer):
    """Adds a number of each task to every weight."""

    def build(self, shapes):
        self.shapes = shapes
        self.add_bank("shift", (), keras.initializers.Zeros())
        self.built = True

    def draw(self):
        pass

    def updates(self, task_id=None):
        shift = bank.select(self.shift, task_id)
        return [shift * tf.ones(shape) for shape in self.shapes]


class ShiftedAdapters(tf_adapters.Houlsby):
    """A method of someone else's, which has slots besides."""

    def weight_update(self, shape):
        return Shift(num_tasks=shape.num_tasks, name="shift")


@pytest.fixture
def make_encoder(make_backbone, scramble):
    def make_encoder(num_tasks=3, method=None, **kwargs):
        method = method or tf_adapters.IntrinsicSAID(60)
        encoder = AdaptedBackbone(make_backbone(**kwargs), method, num_tasks)
        scramble(encoder.trainable_weights)
        return encoder

    return make_encoder


def test_a_method_may_have_slots_and_update_weights(
    make_backbone, make_inputs, scramble
):
    plain = AdaptedBackbone(make_backbone(), tf_adapters.Houlsby(4), 2)
    scramble(plain.trainable_weights)
    inputs = make_inputs(num_tasks=2)
    encoder = AdaptedBackbone(make_backbone(), ShiftedAdapters(4), 2)
    assert "weight_update" in encoder.task_layers()
    for name, layer in plain.task_layers().items():
        for key, own in layer.banks.items():
            encoder.task_layers()[name].banks[key].assign(own)
    for old, new in zip(
        plain.pretrained_weights(), encoder.pretrained_weights(), strict=True
    ):
        new.assign(old)
    encoder.weight_update.shift.assign([0, 0.25])
    outputs, before = encoder(inputs), plain(inputs)
    for weight in plain.pretrained_weights():
        weight.assign(weight + 0.25)
    after = plain(inputs)
    # The norms of the adapters' method are private, and start as they were.
    is_second = inputs["task_ids"][:, None] == 1
    for key in KEYS:
        both = np.where(
            is_second.reshape(-1, *[1] * (len(before[key].shape) - 1)),
            after[key],
            before[key],
        )
        np.testing.assert_allclose(outputs[key], both, atol=ROUNDING)
        assert not np.allclose(after[key], before[key], atol=1e-2)


def ids(kind):
    return {
        "mixed": np.array([1, 0, 2, 1], "int32"),
        "one": np.array([2, 2, 2, 2], "int32"),
        "scalar": np.array(1, "int32"),
    }[kind]


@pytest.mark.large
@pytest.mark.parametrize("kind", ["mixed", "one", "scalar"])
@pytest.mark.parametrize(
    "is_compiled", [False, pytest.param(True, marks=pytest.mark.large)]
)
def test_baked_it_computes_the_same(
    make_encoder, make_inputs, kind, is_compiled
):
    encoder = make_encoder()
    inputs = {**make_inputs(), "task_ids": ids(kind)}
    inputs = {k: tf.constant(v) for k, v in inputs.items()}
    expected, weights = encoder(inputs), [id(w) for w in encoder.weights]
    trained = np.array(encoder.weight_update.z)
    with encoder.baked():
        # Neither the vector nor the pretrained weights are read any more.
        encoder.weight_update.z.assign(trained * np.nan)
        kept = [np.array(w) for w in encoder.pretrained_weights()]
        for weight in encoder.pretrained_weights():
            weight.assign(weight * np.nan)
        call = tf.function(encoder) if is_compiled else encoder
        outputs = call(inputs)
        assert [id(w) for w in encoder.weights] == weights
        for weight, value in zip(
            encoder.pretrained_weights(), kept, strict=True
        ):
            weight.assign(value)
    encoder.weight_update.z.assign(trained)
    after = encoder(inputs)
    for key in KEYS:
        np.testing.assert_allclose(outputs[key], expected[key], atol=ROUNDING)
        np.testing.assert_array_equal(after[key], expected[key])


def test_baked_bfloat16_is_rounded_as_before(make_encoder, make_inputs):
    encoder = make_encoder(1, dtype="mixed_bfloat16")
    inputs = make_inputs()
    expected = encoder(inputs)
    with encoder.baked():
        outputs = encoder(inputs)
    for key in KEYS:
        assert outputs[key].dtype == expected[key].dtype
        np.testing.assert_array_equal(outputs[key], expected[key])


@pytest.mark.large
@pytest.mark.parametrize("dropped", [(0,), (0, 1)])
@pytest.mark.parametrize("num_tasks", [1, 3])
def test_dropped_layers_are_those_of_the_backbone(
    make_encoder, make_inputs, dropped, num_tasks
):
    encoder, inputs = make_encoder(num_tasks), make_inputs(num_tasks=num_tasks)
    whole = encoder(inputs)
    with encoder.baked(dropped):
        outputs = encoder(inputs)
    weights = encoder.pretrained_weights()
    of_dropped = {
        id(w)
        for i in dropped
        for part in encoder.transformer_layers[i].pretrained_layers()
        for w in part.weights
    }
    scales = np.array(encoder.weight_update.scales)
    scales[:, [id(w) in of_dropped for w in weights]] = 0
    encoder.weight_update.scales.assign(scales)
    expected = encoder(inputs)
    for key in KEYS:
        np.testing.assert_allclose(outputs[key], expected[key], atol=ROUNDING)
        assert not np.allclose(outputs[key], whole[key], atol=1e-2)


@pytest.mark.large
def test_an_error_leaves_nothing_baked(make_encoder, make_inputs):
    encoder, inputs = make_encoder(), make_inputs(num_tasks=3)
    before = encoder(inputs)["pooled_output"]
    with pytest.raises(KeyError, match="inside"):
        with encoder.baked():
            raise KeyError("inside")
    encoder.weight_update.z.assign(encoder.weight_update.z * 2)
    changed = encoder(inputs)["pooled_output"]
    assert not np.allclose(changed, before, atol=1e-2)
    with encoder.baked():
        np.testing.assert_allclose(
            encoder(inputs)["pooled_output"], changed, atol=ROUNDING
        )

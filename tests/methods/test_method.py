import keras
import numpy as np
import pytest

import tf_adapters
from tests.numpy_bert import bert
from tf_adapters import AdaptedBackbone
from tf_adapters import Method
from tf_adapters.methods.method import LAYER_SLOTS
from tf_adapters.methods.method import EncoderShape
from tf_adapters.methods.method import check_method

SLOTS = (*LAYER_SLOTS, "embedding", "top")

# What the layer in each slot does to what it reads, differently in each layer.
SLOT_FUNCTIONS = {
    "attention": lambda x, i: 2 * x + i,
    "feedforward": lambda x, i: x - 0.5 * i - 0.3,
    "parallel": lambda x, i: (i + 1) * 0.7 * x,
    "parallel_feedforward": lambda x, i: (i + 2) * 0.3 * x - 0.1,
    "output": lambda x, i: 1.2 * x + 0.1 * i,
    "query": lambda x, i: 0.4 * x + i,
    "key": lambda x, i: -0.3 * x + 0.2,
    "value": lambda x, i: 0.5 * x - 0.1 * i,
    "attention_output": lambda x, i: 0.6 * x + 0.3,
    # From 16 units to 32, and back.
    "intermediate": lambda x, i: np.concatenate([0.2 * x, -x], axis=-1),
    "feedforward_output": lambda x, i: 0.7 * x[..., 16:] + 0.1,
    "embedding": lambda x, i: 0.8 * x + 0.1,
    "top": lambda x, i: 1.5 * x - 0.2,
}


class Recorder(keras.layers.Layer):
    def __init__(self, slot, index, record, **kwargs):
        super().__init__(**kwargs)
        self.slot, self.index, self.record = slot, index, record

    def call(self, x, task_ids=None, padding_mask=None):
        call = self.slot, self.index, np.array(x), task_ids, padding_mask
        self.record(call)
        return keras.ops.cast(SLOT_FUNCTIONS[self.slot](x, self.index), x.dtype)


class RecordEverySlot(Method):
    def __init__(self, slots=SLOTS):
        self.used, self.calls, self.asked = slots, [], []

    def slot_layer(self, slot, index, shape, shared):
        self.asked.append((slot, index))
        if slot in self.used:
            return Recorder(
                slot, index, self.calls.append, name=f"{slot}_{index}"
            )


@keras.saving.register_keras_serializable(package="tests")
class AttentionOnly(Method):
    """The ten lines of a third party: what the docstring of `Method` shows."""

    def __init__(self, units=3):
        self.units = units

    def slot_layer(self, slot, index, shape, shared):
        if slot == "attention":
            return tf_adapters.layers.BottleneckAdapter(
                self.units, num_tasks=shape.num_tasks, dtype=shape.dtype
            )

    def get_config(self):
        return {"units": self.units}


@keras.saving.register_keras_serializable(package="tests")
class OneScaleForAll(Method):
    """A method whose slots share a layer that the encoder owns."""

    def shared_layers(self, shape):
        return {"scale": keras.layers.Dense(shape.hidden_dim, use_bias=False)}

    def slot_layer(self, slot, index, shape, shared):
        if slot == "feedforward":
            return Through(shared["scale"])


@keras.saving.register_keras_serializable(package="tests")
class Through(keras.layers.Layer):
    def __init__(self, dense, **kwargs):
        super().__init__(**kwargs)
        self.dense = dense

    def build(self, shape):
        if not self.dense.built:
            self.dense.build(shape)
        self.built = True

    def call(self, x, task_ids=None, padding_mask=None):
        return x + self.dense(x)


def test_every_slot_is_asked_about_once_and_in_order(make_backbone):
    method = RecordEverySlot()
    AdaptedBackbone(make_backbone(), method)
    layers = [(s, i) for i in range(2) for s in LAYER_SLOTS]
    first = [("prompt", 0), ("embedding", 0)]
    assert method.asked == [*first, *layers, ("top", 0)]


@pytest.mark.parametrize("used", [*[(slot,) for slot in SLOTS], SLOTS], ids=str)
def test_slot_reads_and_writes_where_the_table_says(
    make_backbone, make_inputs, used
):
    backbone, inputs = make_backbone(), make_inputs(num_tasks=2)
    slots = {slot: SLOT_FUNCTIONS[slot] for slot in used}
    sequence, pooled, read = bert(backbone, inputs, slots)
    method = RecordEverySlot(used)
    outputs = AdaptedBackbone(backbone, method, num_tasks=2)(inputs)

    assert len(method.calls) == sum(1 for s, _ in read if s in used)
    for slot, index, x, task_ids, padding_mask in method.calls:
        np.testing.assert_allclose(x, read[slot, index], atol=1e-4)
        np.testing.assert_array_equal(task_ids, inputs["task_ids"])
        np.testing.assert_array_equal(padding_mask, inputs["padding_mask"])
    np.testing.assert_allclose(outputs["sequence_output"], sequence, atol=1e-4)
    np.testing.assert_allclose(outputs["pooled_output"], pooled, atol=1e-4)


def test_slots_act_after_dropout(make_backbone, make_inputs):
    # At a rate of 0.5 about half of what an adapter reads is exactly 0.
    method = RecordEverySlot(("attention", "feedforward", "embedding"))
    backbone = make_backbone(dropout=0.5)
    AdaptedBackbone(backbone, method)(make_inputs(), training=True)
    for _, _, x, _, _ in method.calls:
        assert 0.3 < (x == 0).mean() < 0.7


def test_third_party_method_works_from_training_to_file(
    make_model, make_inputs, tmp_path
):
    model = make_model(AttentionOnly(), num_tasks=3)
    assert sorted(model.encoder.task_layers()) == [
        "layer.0.attention.adapter",
        "layer.1.attention.adapter",
    ]
    model.compile(optimizer="adam", run_eagerly=True)
    inputs = make_inputs(num_tasks=3)
    before = np.array(model.banks()["layer.0.attention.adapter.down"])
    model.train_on_batch(inputs, np.zeros(4), np.ones(4))
    after = model.banks()["layer.0.attention.adapter.down"]
    assert not np.isclose(before, after).all(axis=(1, 2)).any()
    model.encoder.save(tmp_path / "encoder.keras")
    revived = keras.models.load_model(tmp_path / "encoder.keras")
    assert revived.method.units == 3
    for key, value in model.encoder(inputs).items():
        np.testing.assert_array_equal(revived(inputs)[key], value)


def test_what_slots_share_is_one_layer_of_the_encoder(
    make_backbone, make_inputs, tmp_path
):
    encoder = AdaptedBackbone(make_backbone(), OneScaleForAll())
    kernels = [w for w in encoder.trainable_weights if w.name == "kernel"]
    assert len(kernels) == 1
    for layer in encoder.transformer_layers:
        assert layer.feedforward_adapter.dense.kernel is kernels[0]
    encoder.save(tmp_path / "encoder.keras")
    revived = keras.models.load_model(tmp_path / "encoder.keras")
    inputs = make_inputs()
    for key, value in encoder(inputs).items():
        np.testing.assert_array_equal(revived(inputs)[key], value)
    first, second = revived.transformer_layers
    assert first.feedforward_adapter.dense is second.feedforward_adapter.dense


def test_method_is_told_the_sizes_of_the_encoder(make_backbone):
    shapes = []

    class Ask(Method):
        def slot_layer(self, slot, index, shape, shared):
            shapes.append(shape)

    backbone = make_backbone(num_layers=1, dropout=0.2, dtype="mixed_bfloat16")
    AdaptedBackbone(backbone, Ask(), num_tasks=5)
    assert shapes[0] == EncoderShape(
        num_layers=1,
        hidden_dim=16,
        intermediate_dim=32,
        num_heads=2,
        num_tasks=5,
        dropout=0.2,
        dtype=keras.DTypePolicy("mixed_bfloat16"),
    )


def test_banks_of_every_slot_are_found_by_name(make_backbone):
    class Everywhere(Method):
        def slot_layer(self, slot, index, shape, shared):
            if slot == "prompt":
                return tf_adapters.layers.Prompt(2, shape.num_tasks)
            if slot == "intermediate":
                return tf_adapters.layers.TaskBias(32, shape.num_tasks)
            if slot == "feedforward_output":
                return tf_adapters.layers.LowRankUpdate(
                    16, num_tasks=shape.num_tasks
                )
            return tf_adapters.layers.BottleneckAdapter(2, shape.num_tasks)

    encoder = AdaptedBackbone(make_backbone(), Everywhere(), num_tasks=2)
    assert list(encoder.task_layers()) == [
        "prompt",
        "embedding.adapter",
        *[f"layer.{i}.{slot}.adapter" for i in (0, 1) for slot in LAYER_SLOTS],
        "top.adapter",
    ]
    assert len(encoder.trainable_weights) == 1 + 4 * (2 + 2 * 9) + 2 * 3


@pytest.mark.parametrize("wrong", ["houlsby", tf_adapters.Houlsby, None])
def test_what_is_not_a_method_is_refused(wrong):
    with pytest.raises(
        TypeError, match=r"`method` must be an instance.*Houlsby\(\)`.*Received"
    ):
        check_method(wrong)


def test_unknown_policy_for_layer_norms_is_refused(make_backbone):
    class Odd(Method):
        layer_norms = "trained"

    with pytest.raises(
        ValueError,
        match="frozen, shared, private, private_offsets.*'trained' in Odd",
    ):
        AdaptedBackbone(make_backbone(), Odd())


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: tf_adapters.Houlsby(0), "`bottleneck_dim`.*=0"),
        (lambda: tf_adapters.Houlsby(4, init_stddev=0), "no gradient.*=0"),
        (lambda: tf_adapters.Houlsby(4, activation="gleu"), "gleu"),
        (lambda: tf_adapters.Pfeiffer(slot="parallel"), "`slot`.*'parallel'"),
        (lambda: tf_adapters.Pfeiffer(bottleneck_dim=-2), "=-2"),
        (lambda: tf_adapters.LastLayers(-1), "negative.*num_layers=-1"),
    ],
)
def test_wrong_argument_is_refused_at_once(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_more_last_layers_than_there_are_is_refused(make_backbone):
    with pytest.raises(
        ValueError, match="num_layers=3 for an encoder of 2.*FullFineTuning"
    ):
        AdaptedBackbone(make_backbone(), tf_adapters.LastLayers(3))


def test_method_prints_as_it_is_made():
    assert repr(tf_adapters.LastLayers(3)) == "LastLayers(num_layers=3)"
    assert repr(tf_adapters.Houlsby(4)) == (
        "Houlsby(bottleneck_dim=4, activation='gelu_approximate', "
        "init_stddev=0.001)"
    )

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import tf_adapters
from tests.numpy_fastfood import matrix
from tests.rounding import ROUNDING
from tests.rounding import assert_same_to_rounding
from tf_adapters import AdaptedBackbone
from tf_adapters import IntrinsicSAID
from tf_adapters import count_parameters

KEYS = ("sequence_output", "pooled_output")
STOCK_INPUTS = ("token_ids", "segment_ids", "padding_mask")
# Three embeddings, a LayerNorm, two layers of 16 tensors, the pooler.
NUM_TENSORS = 3 + 2 + 2 * 16 + 2


def stock_outputs(backbone, inputs, **kwargs):
    return backbone({k: inputs[k] for k in STOCK_INPUTS}, **kwargs)


def assert_equal(actual, expected):
    for key in KEYS:
        assert_same_to_rounding(actual[key], expected[key])


def seeds(encoder):
    return [np.array(v) for v in encoder.variables if "seed" in v.path]


@pytest.fixture
def make_encoder(make_backbone, scramble):
    def make_encoder(num_tasks=1, dim=60, seed=0, **kwargs):
        method = IntrinsicSAID(dim, seed)
        encoder = AdaptedBackbone(make_backbone(**kwargs), method, num_tasks)
        scramble(encoder.trainable_weights)
        return encoder

    return make_encoder


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("num_tasks", [1, 3])
def test_it_starts_as_the_stock_backbone(
    make_backbone, make_inputs, dtype, num_tasks
):
    """C12."""
    stock, inputs = make_backbone(dtype=dtype), make_inputs(width=12)
    expected = stock_outputs(stock, inputs)
    encoder = AdaptedBackbone(stock, IntrinsicSAID(60), num_tasks)
    task_ids = np.full((), num_tasks - 1, "int32")
    assert_equal(encoder({**inputs, "task_ids": task_ids}), expected)
    assert_equal(stock_outputs(stock, inputs), expected)


def test_in_training_it_draws_dropout_as_the_stock_backbone_does(
    make_backbone, make_inputs, keras_dropout
):
    stock, inputs = make_backbone(dropout=0.3), make_inputs()
    encoder = AdaptedBackbone(stock, IntrinsicSAID(60))
    states = [v for v in stock.variables if "seed" in v.path]
    start = [np.array(state) for state in states]
    expected = [stock_outputs(stock, inputs, training=True) for _ in range(2)]
    after = seeds(stock)
    for state, value in zip(states, start, strict=True):
        state.assign(value)
    for once in expected:
        assert_equal(encoder(inputs, training=True), once)
    assert not np.allclose(expected[0][KEYS[0]], expected[1][KEYS[0]])
    np.testing.assert_array_equal(seeds(stock), after)


@pytest.mark.large
def test_every_task_of_a_batch_draws_dropout_of_its_own(
    make_encoder, make_inputs
):
    encoder = make_encoder(2, dropout=0.3)
    for bank in encoder.weight_update.banks.values():
        bank.assign(bank * 0)
    one = {k: np.repeat(v[:1], 2, axis=0) for k, v in make_inputs().items()}
    one["task_ids"] = np.array([0, 1], "int32")
    call = tf.function(lambda: encoder(one, training=True)["pooled_output"])
    first, second = np.array(call()), np.array(call())
    assert not np.allclose(first[0], first[1], atol=1e-2)
    assert not np.allclose(first, second, atol=1e-2)


@pytest.mark.large
def test_it_is_the_backbone_of_the_updated_weights(make_encoder, make_inputs):
    """I12: every tensor, by the formula, has the update of its own."""
    encoder, inputs = make_encoder(2, seed=3), make_inputs()
    for key, bank in encoder.weight_update.banks.items():
        rng = np.random.default_rng(len(key))
        bank.assign(rng.normal(1.0, 0.5, size=bank.shape))
    weights = encoder.pretrained_weights()
    assert len(weights) == NUM_TENSORS
    outputs = encoder({**inputs, "task_ids": np.int32(1)})
    z, scales = (np.array(b[1]) for b in encoder.weight_update.banks.values())
    assert z.shape == (60 - NUM_TENSORS,) and scales.shape == (NUM_TENSORS,)
    plain = AdaptedBackbone(
        **{
            k: v
            for k, v in AdaptedBackbone.parts(encoder.get_config()).items()
            if k == "backbone"
        }
    )
    for i, (old, new) in enumerate(
        zip(weights, plain.pretrained_weights(), strict=True)
    ):
        size = np.prod(old.shape)
        update = scales[i] * (matrix(z.size, size, [3, i]) @ z)
        new.assign(np.array(old) + update.reshape(old.shape))
    expected = plain(inputs)
    for key in KEYS:
        np.testing.assert_allclose(outputs[key], expected[key], atol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16", "bfloat16"])
def test_weights_are_rounded_after_they_are_updated(
    make_encoder, make_inputs, dtype
):
    encoder, inputs = make_encoder(dtype=dtype), make_inputs()
    outputs = encoder(inputs)
    parts = AdaptedBackbone.parts(encoder.get_config())
    plain = AdaptedBackbone(parts["backbone"], dtype=dtype)
    for old, new, update in zip(
        encoder.pretrained_weights(),
        plain.pretrained_weights(),
        encoder.weight_update.updates(),
        strict=True,
    ):
        assert old.dtype == new.dtype
        new.assign(np.array(old, "float32") + update)
    assert_equal(outputs, plain(inputs))


@pytest.mark.parametrize(
    "task_ids, is_compiled",
    [
        ([1, 0, 2, 1], False),
        ([1, 1, 1, 1], False),
        pytest.param([2, 0, 2, 2], True, marks=pytest.mark.large),
    ],
)
def test_a_mixed_batch_is_each_example_alone(
    make_encoder, make_inputs, task_ids, is_compiled
):
    encoder, inputs = make_encoder(3), make_inputs()
    inputs["task_ids"] = np.array(task_ids, "int32")
    together = (tf.function(encoder) if is_compiled else encoder)(
        {k: tf.constant(v) for k, v in inputs.items()}
    )
    for i, task in enumerate(task_ids):
        alone = {k: v[i : i + 1] for k, v in inputs.items()}
        alone["task_ids"] = np.int32(task)
        for key, value in encoder(alone).items():
            np.testing.assert_allclose(
                together[key][i], value[0], atol=ROUNDING
            )


def test_the_pretrained_weights_are_never_written(make_encoder, make_inputs):
    encoder = make_encoder(3)
    before = [np.array(w) for w in encoder.pretrained_weights()]
    encoder(make_inputs(num_tasks=3), training=True)
    after = encoder.pretrained_weights()
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)


def test_several_tasks_ask_for_ids(make_encoder, make_inputs):
    inputs = make_inputs()
    del inputs["task_ids"]
    with pytest.raises(ValueError, match="`task_ids` must be given.*3 tasks"):
        make_encoder(3)(inputs)


def test_a_batch_of_one_task_computes_no_other_updates(
    make_encoder, make_inputs, monkeypatch
):
    encoder, asked = make_encoder(3), []
    updates = encoder.weight_update.updates

    def record(task_id):
        asked.append(task_id)
        return updates(task_id)

    monkeypatch.setattr(encoder.weight_update, "updates", record)
    encoder({**make_inputs(), "task_ids": np.full(4, 1, "int32")})
    assert asked == [1]


@pytest.mark.large
def test_nothing_is_drawn_before_the_first_call(make_encoder, make_inputs):
    encoder = make_encoder()
    projections = [p for _, p in encoder.weight_update._groups]
    assert all(p._constants is None for p in projections)
    # Within a graph, and not as a part of it.
    inputs = {k: tf.constant(v) for k, v in make_inputs().items()}
    compiled = tf.function(encoder)
    graph = compiled.get_concrete_function(inputs).graph
    drawn = [c for p in projections for c in p._constants]
    assert all(not isinstance(c, np.ndarray) for c in drawn)
    outside = {id(c) for c in graph.external_captures}
    assert sum(id(c) in outside for c in drawn) > 2 * len(projections)


@pytest.mark.large
def test_vector_scales_and_heads_are_trained_and_nothing_else(
    make_model, small_bert
):
    model = make_model(IntrinsicSAID(60), backbone=small_bert)
    names = {"weight_update.z", "weight_update.scales"}
    assert set(model.banks()) == names | {"head.kernel", "head.bias"}
    trained = {id(w) for w in model.trainable_weights}
    assert trained == {id(bank) for bank in model.banks().values()}


def check_counts(backbone, dim, tasks):
    model = tf_adapters.MultiTaskClassifier(backbone, IntrinsicSAID(dim), tasks)
    counts = count_parameters(model)
    assert counts["per_task"] == dim
    assert counts["shared"] == counts["layer_norms"] == 0
    of_heads = sum(np.prod(w.shape) for w in model.heads.weights)
    weights = sum(np.prod(w.shape) for w in model.trainable_weights)
    assert weights == len(tasks) * dim + of_heads


def test_count_of_bert_tiny(bert_tiny, make_tasks):
    check_counts(bert_tiny, 500, make_tasks(3))


@pytest.mark.large
def test_count_of_bert_base(bert_base, make_tasks):
    check_counts(bert_base, 20_000, make_tasks(1))


@pytest.mark.parametrize("dim", [NUM_TENSORS, 1])
def test_a_dimension_below_the_number_of_tensors_is_refused(small_bert, dim):
    message = rf"dim={dim}, for 39 tensors. Write dim=40 or more"
    with pytest.raises(ValueError, match=message):
        AdaptedBackbone(small_bert, IntrinsicSAID(dim))


@pytest.mark.parametrize("arguments", [{"dim": 0}, {"seed": -1}])
def test_bad_arguments_are_refused_at_once(arguments):
    with pytest.raises(ValueError, match="`dim` must be.*`seed`"):
        IntrinsicSAID(**arguments)


def test_method_comes_back_from_its_config(check_config):
    check_config(IntrinsicSAID(500, 7))
    assert IntrinsicSAID().get_config() == {"dim": 20_000, "seed": 0}


def test_added_task_starts_as_the_backbone(make_backbone, make_inputs):
    stock, inputs = make_backbone(), make_inputs()
    expected = stock_outputs(stock, inputs)
    encoder = AdaptedBackbone(stock, IntrinsicSAID(60))
    encoder.weight_update.z.assign(encoder.weight_update.z + 1)
    changed = encoder(inputs)
    encoder.add_tasks(1)
    assert_equal(encoder({**inputs, "task_ids": np.int32(0)}), changed)
    assert_equal(encoder({**inputs, "task_ids": np.int32(1)}), expected)


@pytest.mark.large
def test_keras_file_holds_everything(make_encoder, check_keras_file):
    encoder = make_encoder(3, seed=5)
    revived = check_keras_file(encoder)
    assert len(revived.weights) == len(encoder.weights)


ANOTHER = """
import sys
import keras
import numpy as np
import tf_adapters
encoder = keras.models.load_model(sys.argv[1])
inputs = dict(np.load(sys.argv[2]))
np.save(sys.argv[3], encoder(inputs)["sequence_output"])
"""


@pytest.mark.large
def test_another_process_draws_the_same_projections(
    make_encoder, make_inputs, tmp_path
):
    encoder, inputs = make_encoder(3, seed=5), make_inputs(num_tasks=3)
    paths = [tmp_path / name for name in ("a.keras", "in.npz", "out.npy")]
    encoder.save(paths[0])
    np.savez(paths[1], **inputs)
    done = subprocess.run(
        [sys.executable, "-c", ANOTHER, *map(str, paths)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    expected = encoder(inputs)["sequence_output"]
    np.testing.assert_allclose(np.load(paths[2]), expected, atol=ROUNDING)


@pytest.mark.large
def test_fit_lowers_the_loss_in_bfloat16(
    make_model, make_backbone, make_inputs
):
    backbone = make_backbone(num_layers=1, dtype="mixed_bfloat16", dropout=0.1)
    model = make_model(IntrinsicSAID(400), backbone=backbone)
    model.compile(keras.optimizers.Adam(0.01), jit_compile=False)
    inputs = make_inputs(batch=6, num_tasks=3)
    dataset = tf.data.Dataset.from_tensors((inputs, np.zeros(6))).repeat(10)
    losses = model.fit(dataset, epochs=3, shuffle=False, verbose=0).history[
        "loss"
    ]
    assert losses[2] < 0.5 * losses[0]
    for name in ("z", "scales"):
        rows = np.array(model.banks()[f"weight_update.{name}"])
        assert not np.allclose(rows[0], rows[1], atol=1e-3)
        assert np.abs(rows - (name == "scales")).max(axis=1).min() > 1e-3

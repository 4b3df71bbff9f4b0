"""What has to be computed: against NumPy, and for every method."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.util import tensor_util

import tf_adapters
from tests.method_table import METHODS
from tests.tensorboard.conftest import build_model
from tests.tensorboard.conftest import draw_examples
from tf_adapters.tensorboard.measures import similarity
from tf_adapters.tensorboard.measures.dev_sample import DevSample
from tf_adapters.tensorboard.measures.layer_norms import LayerNorms
from tf_adapters.tensorboard.measures.probe import probe_batch
from tf_adapters.tensorboard.measures.probe import run
from tf_adapters.tensorboard.panels.adapter_panel import AdapterPanel
from tf_adapters.tensorboard.panels.panel import Training

# Each puts something of another kind into the encoder, or somewhere else.
UNLIKE = (
    "full_fine_tuning",
    "compacter",
    "bitfit",
    "lora_everywhere",
    "prompt_tuning",
    "intrinsic_said",
    "pals_top_attention",
)


@pytest.fixture
def look_at(scramble):
    """Makes what panels look at, of a model whose weights have all sizes."""

    def look_at(method, num_layers=1, seed=0):
        model = build_model(method, num_layers)
        norms = LayerNorms(model)
        scramble(model.trainable_weights, seed=seed, scale=0.1)
        dev = draw_examples(5, seed=1)
        predictor = tf_adapters.Predictor(model, sequence_length=16)
        return Training(
            groups=("adapters", "images"),
            model=model,
            training_set=None,
            dev=dev,
            predictor=predictor,
            settings={},
            log_dir="logs",
            layer_norms=norms,
            sample=DevSample(predictor, dev, most=2 * 4),
        )

    return look_at


def values(summaries):
    """The scalars among some messages, by tag."""
    return {
        value.tag: float(tensor_util.make_ndarray(value.tensor))
        for summary in summaries
        for value in summary.value
        if value.metadata.plugin_data.plugin_name == "scalars"
    }


def histograms(summaries):
    return {
        value.tag: tensor_util.make_ndarray(value.tensor)
        for summary in summaries
        for value in summary.value
        if value.metadata.plugin_data.plugin_name == "histograms"
    }


def gelu(x):
    return 0.5 * x * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3)))


@pytest.mark.large
def test_the_ratio_is_what_an_adapter_adds_over_what_it_reads(look_at):
    """Houlsby's: gelu(h @ down + down_bias) @ up + up_bias over h."""
    training = look_at(tf_adapters.Houlsby(4))
    found = values(AdapterPanel(training).look(False))
    x, y, weight = probe_batch(training, range(2), 16)
    seen = run(training.model, (x, y, weight))
    banks = training.model.banks()
    for slot in ("attention", "feedforward"):
        name = f"layer.0.{slot}.adapter"
        hidden = np.array(seen.slots[name][0])
        ratios = []
        for row, task in zip(hidden, x["task_ids"].numpy(), strict=True):
            down, down_bias, up, up_bias = (
                np.array(banks[f"{name}.{part}"])[task]
                for part in ("down", "down_bias", "up", "up_bias")
            )
            added = gelu(row @ down + down_bias) @ up + up_bias
            ratios.append(
                np.linalg.norm(added, axis=1) / np.linalg.norm(row, axis=1)
            )
        # The last layer computes the first token alone, which is no padding.
        mask = x["padding_mask"].numpy()[:, : hidden.shape[1]] > 0
        expected = np.array(ratios)[mask].mean()
        tag = f"adapters/{slot}/layer_0/output_ratio"
        assert found[tag] == pytest.approx(expected, rel=1e-4)


@pytest.mark.large
def test_what_joins_a_sum_is_not_taken_off_it(look_at):
    training = look_at(tf_adapters.PALs(6, num_heads=3))
    found = values(AdapterPanel(training).look(False))
    data = probe_batch(training, range(2), 16)
    seen = run(training.model, data)
    read, added = (np.array(x) for x in seen.slots["layer.0.parallel.adapter"])
    ratio = np.linalg.norm(added, axis=2) / np.linalg.norm(read, axis=2)
    mask = data[0]["padding_mask"].numpy()[:, : read.shape[1]] > 0
    assert found["adapters/parallel/layer_0/output_ratio"] == pytest.approx(
        ratio[mask].mean(), rel=1e-5
    )


@pytest.mark.large
def test_gradients_are_those_of_the_mean_loss(look_at):
    """Taken of the variables themselves, without what stands for them."""
    training = look_at(tf_adapters.HyperFormerPlusPlus(4, 6, 16))
    model = training.model
    found = values(AdapterPanel(training).look(False))
    x, y, weight = probe_batch(training, range(2), 16)
    with tf.GradientTape() as tape:
        outputs = model(x, training=False)
        losses = model.compute_loss(x, y, outputs, weight)
    weights = {w.path: w for w in model.trainable_weights}
    gradients = tape.gradient(losses, [w.value for w in weights.values()])
    squares = dict.fromkeys(("tasks", "condition", "generator"), 0.0)
    for path, gradient in zip(weights, gradients, strict=True):
        for name in squares:
            if f"/{name}/" in path:
                squares[name] += np.square(np.array(gradient)).sum()
    for name, square in squares.items():
        norm = found[f"adapters/shared/{name}/gradient_norm"]
        assert norm == pytest.approx(square**0.5, rel=1e-4)
    # What layers share is counted once.
    assert "adapters/attention/layer_0/gradient_norm" not in found


@pytest.mark.large
def test_histograms_are_of_the_weights_as_they_are_used(look_at):
    training = look_at(tf_adapters.Compacter(4, phm_dim=2))
    found = histograms(AdapterPanel(training).look(False))
    # Two tasks, two kernels of 16 by 4, and their biases.
    buckets = found["adapters/attention/layer_0/weights"]
    assert buckets[:, 2].sum() == 2 * (2 * 16 * 4 + 4 + 16)
    layer = training.model.encoder.method_layers()["layer.0.attention.adapter"]
    kernels = [np.ravel(kernel) for kernel in layer.computed().values()]
    assert buckets[0, 0] == pytest.approx(np.concatenate(kernels).min())
    assert buckets[-1, 1] == pytest.approx(np.concatenate(kernels).max())


@pytest.mark.large
@pytest.mark.parametrize("name", UNLIKE)
def test_methods_of_all_kinds_can_be_looked_at(look_at, name):
    training = look_at(METHODS[name]())
    model = training.model
    before = [np.array(weight) for weight in model.weights]
    found = AdapterPanel(training).look(True)
    for tag, value in values(found).items():
        assert np.isfinite(value), tag
    layers = {
        name
        for name, layer in model.encoder.method_layers().items()
        if not name.endswith(".norm") and layer.trainable_weights
    }
    assert len(histograms(found)) >= len(layers)
    assert bool(values(found)) == bool(layers)
    cka = similarity.adapter_cka(training)
    if cka is not None:
        np.testing.assert_allclose(np.diag(cka), 1, rtol=1e-5)
    cosines = similarity.gradient_cosines(training)
    banks = {id(bank) for bank in model.banks().values()}
    shares = any(id(w) not in banks for w in model.trainable_weights)
    assert (cosines is not None) == shares
    for weight, old in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(weight, old)


def test_cosines_are_those_of_the_rows():
    found = similarity.cosines(np.array([[3.0, 4], [4, 3], [-3, -4], [0, 0]]))
    expected = [[1, 0.96, -1], [0.96, 1, -0.96], [-1, -0.96, 1]]
    np.testing.assert_allclose(found[:3, :3], expected)
    assert np.isnan(found[3]).all()


@pytest.mark.large
def test_adapters_are_alike_that_differ_by_a_rotation(look_at):
    """CKA does not see a rotation of what is added, nor its size."""
    training = look_at(tf_adapters.Houlsby(4))
    before = similarity.adapter_cka(training)
    assert before[0, 1] < 0.99
    rotation, _ = np.linalg.qr(
        np.random.default_rng(0).normal(size=(16, 16)).astype("float32")
    )
    for name, bank in training.model.banks().items():
        if "adapter" not in name:
            continue
        rows = np.array(bank)
        rows[1] = rows[0]
        if name.endswith((".up", ".up_bias")):
            rows[1] = 3 * rows[0] @ rotation
        bank.assign(rows)
    np.testing.assert_allclose(
        similarity.adapter_cka(training), np.ones((2, 2)), atol=1e-3
    )


@pytest.mark.large
def test_gradients_of_tasks_are_compared_by_what_they_share(look_at):
    training = look_at(tf_adapters.FullFineTuning())
    model = training.model
    found = similarity.gradient_cosines(training, count=3)
    banks = {id(bank) for bank in model.banks().values()}
    flat = []
    for task in range(2):
        x, y, weight = probe_batch(training, [task], 3)
        assert set(x["task_ids"].numpy().tolist()) == {task}
        with tf.GradientTape() as tape:
            outputs = model(x, training=False)
            loss = model.compute_loss(x, y, outputs, weight)
        shared = [w for w in model.trainable_weights if id(w) not in banks]
        gradients = tape.gradient(loss, [w.value for w in shared])
        known = [tf.convert_to_tensor(g) for g in gradients if g is not None]
        flat.append(np.concatenate([np.ravel(g) for g in known]))
    first, second = flat
    cosine = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
    assert found[0, 1] == pytest.approx(cosine, abs=1e-4)
    assert abs(cosine) < 0.99


@pytest.mark.large
def test_shifts_are_relative_to_the_norm_before():
    for method, shape in (
        (tf_adapters.Houlsby(4), (2, 16)),
        (tf_adapters.FullFineTuning(), (16,)),
    ):
        model = build_model(method)
        norms = LayerNorms(model)
        assert all((own == 0).all() for own in norms.shifts().values())
        (gamma,) = [
            weight
            for weight in model.trainable_weights
            if "feedforward" in weight.path and weight.path.endswith("gamma")
        ]
        assert gamma.shape == shape
        moved = np.array(gamma)
        moved[..., 0] += [0.5, 0.0] if len(shape) == 2 else 0.5
        gamma.assign(moved)
        found = norms.shifts()
        assert set(found) == {("attention", 0), ("feedforward", 0)}
        # Gains of 1 and offsets of 0: a norm of sqrt(16).
        expected = [0.5 / 4, 0] if len(shape) == 2 else [0.5 / 4]
        np.testing.assert_allclose(found["feedforward", 0], expected)
        assert (found["attention", 0] == 0).all()


def test_frozen_norms_are_left_out():
    assert LayerNorms(build_model(tf_adapters.LoRA(2))).shifts() == {}


@pytest.mark.large
def test_a_sample_answers_as_the_predictor_does(look_at):
    training = look_at(tf_adapters.Houlsby(4))
    answers = training.sample.answers()
    for own in answers.values():
        assert len(own.examples) == 4
        outputs = training.predictor.outputs(
            training.predictor.encode(own.examples)
        )
        np.testing.assert_allclose(own.outputs, outputs, atol=1e-5)
        assert own.vectors.shape == (4, 16)
    # Until somebody says that the weights have changed.
    assert training.sample.answers() is answers
    training.sample.forget()
    for weight in training.model.trainable_weights:
        weight.assign(keras.ops.zeros(weight.shape))
    again = training.sample.answers()["mood"]
    np.testing.assert_allclose(again.outputs, 0.5)


@pytest.mark.large
def test_what_was_scored_is_not_computed_again(look_at):
    from tf_adapters.tensorboard.panels.image_panel import ImagePanel

    training = look_at(tf_adapters.Houlsby(4))
    panel = ImagePanel(training)
    for examples in training.dev.values():
        assert training.predictor.scored_outputs(examples) is None
    # A sample of four, until somebody scores all five.
    assert [len(own) for _, own, _ in panel._answers()] == [4, 4]
    for examples in training.dev.values():
        training.predictor.score(examples)
    training.sample.forget()
    for _, examples, outputs in panel._answers():
        assert len(examples) == len(outputs) == 5
    assert not training.sample._answers


def test_shifts_have_layers_by_rows():
    from tf_adapters.tensorboard.panels.image_panel import shift_table

    shifts = {
        (place, layer): np.array([layer, 2 * layer + at]) / 100
        for layer in (0, 2, 4)
        for at, place in enumerate(("attention", "feedforward"))
    }
    values, layers, columns = shift_table(shifts, ["a", "b"])
    assert columns == [
        "a attention",
        "b attention",
        "a feedforward",
        "b feedforward",
    ]
    # Others may have nothing that is trained.
    assert layers == [0, 2, 4]
    expected = [[0, 0, 0, 1], [2, 4, 2, 5], [4, 8, 4, 9]]
    np.testing.assert_allclose(values, expected)
    # What they share, and many of their own, are one column.
    shared = {k: v[:1] for k, v in shifts.items()}
    many = {k: np.repeat(v, 4) for k, v in shifts.items()}
    for own, expected in ((shared, [4, 4]), (many, [6, 6.5])):
        values, _, columns = shift_table(own, list("abcdefgh"))
        assert columns == ["attention", "feedforward"]
        np.testing.assert_allclose(values[2], expected)

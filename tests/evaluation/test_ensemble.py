"""The ensemble beside a loop over sentences in NumPy, and what must hold."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import log_softmax
from scipy.special import softmax

from tests.method_table import METHODS
from tests.numpy_bert import bert
from tests.numpy_bert import gelu_tanh
from tests.numpy_bert import layer_norm
from tests.rounding import ROUNDING
from tf_adapters import AverageEnsemble
from tf_adapters import Ensemble
from tf_adapters import Houlsby
from tf_adapters import Method
from tf_adapters import MultiTaskClassifier
from tf_adapters import Predictor
from tf_adapters import Task
from tf_adapters.data.examples import Examples
from tf_adapters.layers import BottleneckAdapter

ALIKE = ("one", "two", "three")
YES_OR_NO = {"text_columns": ("text",), "labels": ("no", "yes")}
TASKS = [
    Task(name="wide", text_columns=("text",), labels=("a", "b", "c")),
    *(Task(name=name, **YES_OR_NO) for name in ALIKE),
    Task(name="turned", text_columns=("text",), labels=("yes", "no")),
    Task(name="score", text_columns=("text",), value_range=(0.0, 1.0)),
]
OTHER = Task(name="other", **YES_OR_NO)
TEXTS = ["the film is good", "bad", "it was not so fine is it", "word1 good"]


@pytest.fixture
def make(make_backbone, tokenizer, scramble):
    """Builds a model of all tasks, every weight away from its start."""

    def make(method=None, dtype=None, num_layers=1, **kwargs):
        model = MultiTaskClassifier(
            make_backbone(num_layers=num_layers, dtype=dtype),
            method or Houlsby(4),
            TASKS,
            tokenizer=tokenizer,
            **kwargs,
        )
        scramble(model.trainable_weights)
        return model

    return make


@pytest.fixture
def model(make):
    return make()


def probabilities(model, inputs, name):
    """What one task predicts on its own."""
    ids = np.full(len(inputs["token_ids"]), model.task_id(name), "int32")
    logits = keras.ops.convert_to_numpy(model({**inputs, "task_ids": ids}))
    return softmax(logits[:, :2].astype("float64"), axis=1)


def predicted(ensemble, inputs):
    """What an ensemble predicts for a batch."""
    logits = ensemble.logits([(inputs, None, None)])
    return softmax(logits.astype("float64"), axis=1)


def entropy(p):
    return -(p * np.log(p)).sum(axis=1)


def mixed_in_numpy(model, names, inputs, weights):
    """The log probabilities of one sentence with Houlsby adapters in float64.

    `weights` has a row for the embeddings, for each layer, and for the head.
    """
    ids = [model.task_id(name) for name in names]
    banks = {
        f"{layer}.{name}": np.array(bank, "float64")
        for layer, own in model.task_layers().items()
        for name, bank in own.banks.items()
    }

    def mean(place, function, layer):
        own = {k: v for k, v in banks.items() if k.startswith(f"{layer}.")}
        own = {k.removeprefix(f"{layer}."): v for k, v in own.items()}
        return sum(
            weight * function(**{k: v[i] for k, v in own.items()})
            for weight, i in zip(weights[place], ids, strict=True)
        )

    def adapter(slot):
        def adapt(x, i):
            def one(down, down_bias, up, up_bias):
                return x + gelu_tanh(x @ down + down_bias) @ up + up_bias

            return mean(i + 1, one, f"layer.{i}.{slot}.adapter")

        return adapt

    def norm(x, _gamma, _beta, name):
        def one(gamma, beta):
            return layer_norm(x, gamma, beta)

        if name == "embedding":
            return mean(0, one, "embedding.norm")
        return mean(int(name.split(".")[0]) + 1, one, f"layer.{name}.norm")

    slots = {slot: adapter(slot) for slot in ("attention", "feedforward")}
    _, pooled, _ = bert(model.reference, inputs, slots, norm)
    logits = mean(-1, lambda kernel, bias: pooled @ kernel + bias, "head")
    return log_softmax(logits[:, :2], axis=1)


@pytest.mark.large
def test_predictions_are_those_of_a_loop_over_sentences(
    make_backbone, tokenizer, scramble, make_inputs
):
    """Gradients are central differences, of every weight on its own."""
    backbone = make_backbone()
    model = MultiTaskClassifier(
        backbone, Houlsby(4), TASKS, tokenizer=tokenizer
    )
    scramble(model.trainable_weights)
    model.reference = backbone
    names, places, num_steps, step_size = ["three", "one"], 4, 2, 30.0
    inputs = make_inputs()
    expected, expected_weights = [], []
    for i in range(4):
        sentence = {k: v[i : i + 1] for k, v in inputs.items()}

        def log_p(w, sentence=sentence):
            return mixed_in_numpy(model, names, sentence, softmax(w, axis=1))

        w = np.full((places, 2), 0.5)
        for _ in range(num_steps):
            gradient = np.zeros_like(w)
            for index in np.ndindex(w.shape):
                nudge = np.zeros_like(w)
                nudge[index] = 1e-5
                up, down = log_p(w + nudge), log_p(w - nudge)
                rise = entropy(np.exp(up)) - entropy(np.exp(down))
                gradient[index] = rise[0] / 2e-5
            w = w - step_size * gradient
        expected.append(np.exp(log_p(w))[0])
        expected_weights.append(softmax(w, axis=1))
    ensemble = Ensemble(model, names, num_steps, step_size)
    weights = ensemble.mixing_weights(inputs)
    # Every place has moved for some sentence, far more than the tolerance.
    moved = np.abs(np.array(expected_weights) - 0.5).max(axis=(0, 2))
    assert moved.min() > 0.1
    np.testing.assert_allclose(weights, expected_weights, atol=1e-4)
    np.testing.assert_allclose(predicted(ensemble, inputs), expected, atol=1e-4)


@pytest.mark.large
def test_a_batch_is_optimised_as_each_sentence_alone(model, make_inputs):
    inputs = make_inputs()
    ensemble = Ensemble(model, ALIKE, num_steps=3)
    together = predicted(ensemble, inputs)
    weights = ensemble.mixing_weights(inputs)
    for i in range(4):
        sentence = {k: v[i : i + 1] for k, v in inputs.items()}
        alone = predicted(ensemble, sentence)
        np.testing.assert_allclose(together[i], alone[0], atol=1e-4)
        own = ensemble.mixing_weights(sentence)[0]
        np.testing.assert_allclose(weights[i], own, atol=1e-3)
    assert np.ptp(weights, axis=0).max() > 0.01


@pytest.mark.large
@pytest.mark.parametrize("num_steps", [0, 1, 5])
def test_mixing_weights_add_up_to_one(model, make_inputs, num_steps):
    ensemble = Ensemble(model, ALIKE, num_steps=num_steps)
    weights = ensemble.mixing_weights(make_inputs())
    # Embeddings, the one layer, and the head.
    assert weights.shape == (4, 3, 3)
    np.testing.assert_allclose(np.sum(weights, axis=-1), 1, atol=ROUNDING)
    if num_steps == 0:
        np.testing.assert_allclose(weights, 1 / 3, atol=ROUNDING)
    else:
        assert np.abs(weights - 1 / 3).max() > 0.01


@pytest.mark.large
@pytest.mark.parametrize("num_steps", [1, 4])
def test_small_steps_lower_the_entropy_of_every_sentence(
    model, make_inputs, num_steps
):
    inputs = make_inputs()
    uniform = entropy(predicted(Ensemble(model, ALIKE, 0), inputs))
    steps = Ensemble(model, ALIKE, num_steps, step_size=0.01)
    assert (entropy(predicted(steps, inputs)) < uniform).all()


@pytest.fixture
def eagerly():
    """Spares the tracing, which costs more than so few steps do."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.large
@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize("name", sorted(set(METHODS) - {"intrinsic_said"}))
def test_every_method_is_mixed(name, make, make_inputs):
    model, inputs = make(METHODS[name](), num_layers=2), make_inputs()
    found = predicted(Ensemble(model, ["two"], 0), inputs)
    expected = probabilities(model, inputs, "two")
    np.testing.assert_allclose(found, expected, atol=ROUNDING)
    uniform = entropy(predicted(Ensemble(model, ALIKE[:2], 0), inputs))
    steps = Ensemble(model, ALIKE[:2], 1, step_size=0.01)
    assert (entropy(predicted(steps, inputs)) < uniform).all()


@pytest.mark.large
@pytest.mark.parametrize(
    "kwargs",
    [{"pooling": "first"}, {"pooling": "mean"}, {"dtype": "mixed_bfloat16"}],
    ids=["first", "mean", "bfloat16"],
)
def test_it_holds_with_every_pooling_and_dtype(kwargs, make, make_inputs):
    model, inputs = make(**kwargs), make_inputs()
    found = predicted(Ensemble(model, ["two"], 1), inputs)
    expected = probabilities(model, inputs, "two")
    # bfloat16 has 8 bits, and gathers the weights of a batch in another order.
    atol = 3e-2 if "dtype" in kwargs else 1e-6
    np.testing.assert_allclose(found, expected, atol=atol)
    weights = Ensemble(model, ALIKE, 1).mixing_weights(inputs)
    assert weights.dtype == "float32"
    np.testing.assert_allclose(np.sum(weights, axis=-1), 1, atol=ROUNDING)


def test_layers_that_tasks_share_are_called_as_they_are(make, make_inputs):
    """Only the heads are mixed then, and the mean of logits can be written."""
    model, inputs = make(METHODS["shared_encoder"]()), make_inputs()
    logits = [np.log(probabilities(model, inputs, name)) for name in ALIKE]
    expected = softmax(np.mean(logits, axis=0), axis=1)
    found = predicted(Ensemble(model, ALIKE, 0), inputs)
    np.testing.assert_allclose(found, expected, atol=ROUNDING)


def test_average_is_the_mean_of_the_probabilities_of_each_task(
    model, make_inputs
):
    inputs = make_inputs()
    each = [probabilities(model, inputs, name) for name in ALIKE]
    assert np.ptp(each, axis=0).max() > 0.1
    found = predicted(AverageEnsemble(model, ALIKE), inputs)
    np.testing.assert_allclose(found, np.mean(each, axis=0), atol=ROUNDING)


@pytest.mark.large
@pytest.mark.parametrize("kind", [Ensemble, AverageEnsemble])
def test_no_weight_of_the_model_changes(model, make_inputs, kind):
    before = [np.array(v) for v in model.variables]
    trainable = [v.trainable for v in model.variables]
    predicted(kind(model, ALIKE), make_inputs())
    for old, variable in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(old, variable)
    assert trainable == [v.trainable for v in model.variables]


@pytest.mark.large
def test_it_is_traced_once_and_once_more_for_other_widths(model, make_inputs):
    ensemble, found = Ensemble(model, ALIKE, 2), []
    for width, traces in ((8, 1), (8, 1), (12, 2), (16, 2), (24, 2)):
        found.append(predicted(ensemble, make_inputs(width=width)))
        ensemble.mixing_weights(make_inputs(width=width))
        count = ensemble._compiled.experimental_get_tracing_count()
        assert count == traces
        # Padding never changes a result.
        np.testing.assert_allclose(found[-1], found[0], atol=1e-4)


@pytest.mark.large
@pytest.mark.parametrize("kind", [Ensemble, AverageEnsemble])
def test_texts_of_another_task_with_the_labels_are_predicted(model, kind):
    """In the order of the texts, though batches go from short to long."""
    ensemble = kind(model, ALIKE, sequence_length=16, batch_size=2)
    examples = Examples(OTHER, (TEXTS,), np.ones(4, "float32"))
    found = ensemble.outputs(ensemble.encode(examples))
    for text, row in zip(TEXTS, found, strict=True):
        one = Examples(OTHER, ([text],), None)
        alone = ensemble.outputs(ensemble.encode(one))[0]
        np.testing.assert_allclose(row, alone, atol=1e-4)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    share = float(np.mean(found.argmax(axis=1) == 1))
    assert ensemble.score(examples) == {"accuracy": share}


@pytest.mark.large
def test_an_average_of_one_is_what_a_predictor_gives(model):
    examples = Examples(model.tasks[2], (TEXTS,), None)
    predictor = Predictor(model)
    ensemble = AverageEnsemble(model, ["two"])
    np.testing.assert_allclose(
        ensemble.outputs(ensemble.encode(examples)),
        predictor.outputs(predictor.encode(examples)),
        atol=ROUNDING,
    )


@pytest.mark.parametrize(
    "names, message",
    [
        ([], r"one or more names. Received: tasks=\[\]"),
        ("one", r"one or more names. Received: tasks='one'"),
        (["one", "tow"], "has no task 'tow'. Its tasks are: wide, one"),
        (["one", "two", "one"], "once. Received twice: one"),
        (["one", "wide"], r"same labels.*: one \(no, yes\); wide \(a, b, c\)"),
        (["one", "turned"], r"same order.*: one .*; turned \(yes, no\)"),
        (["score"], r"classifications.*: score \(none\)"),
        (["one", "score"], r"classifications.*; score \(none\)"),
    ],
)
def test_tasks_that_do_not_go_together_are_refused(model, names, message):
    for kind in (Ensemble, AverageEnsemble):
        with pytest.raises(ValueError, match=message):
            kind(model, names)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"num_steps": -1}, "`num_steps`.*0 or more.*num_steps=-1"),
        ({"num_steps": 2.0}, "`num_steps`.*whole number.*num_steps=2.0"),
        ({"step_size": 0}, "`step_size`.*positive.*step_size=0.*num_steps=0"),
        ({"step_size": -1.0}, "`step_size`.*positive.*step_size=-1.0"),
        ({"step_size": np.nan}, "`step_size`.*positive.*step_size=nan"),
        ({"step_size": np.inf}, "`step_size`.*positive.*step_size=inf"),
    ],
)
def test_steps_that_lead_nowhere_are_refused(model, options, message):
    with pytest.raises(ValueError, match=message):
        Ensemble(model, ALIKE, **options)


def test_examples_with_other_labels_are_refused(model):
    examples = Examples(model.tasks[0], (TEXTS,), None)
    for kind in (Ensemble, AverageEnsemble):
        with pytest.raises(
            ValueError, match=r": no, yes. Received: task 'wide'.*'a', 'b', 'c'"
        ):
            kind(model, ALIKE).encode(examples)


class Aside(Method):
    """Private weights that no slot calls."""

    def shared_layers(self, shape):
        layer = BottleneckAdapter(2, num_tasks=shape.num_tasks)
        layer.build((None, None, shape.hidden_dim))
        return {"aside": layer}


class Reused(Aside):
    """One layer in two slots."""

    def slot_layer(self, slot, index, shape, shared):
        return shared["aside"] if slot == "attention" else None


def test_private_weights_outside_of_the_slots_are_refused(make):
    model = make(Aside())
    with pytest.raises(
        ValueError, match=r"Aside\(\), whose 'method.aside' is in no slot. Use"
    ):
        Ensemble(model, ALIKE)
    AverageEnsemble(model, ALIKE)
    Ensemble(make(Reused()), ALIKE)


def test_updates_of_the_whole_encoder_cannot_be_mixed(make):
    model = make(METHODS["intrinsic_said"]())
    with pytest.raises(ValueError, match="'weight_update' is in no slot"):
        Ensemble(model, ALIKE)

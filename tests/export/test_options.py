"""Exports of smaller weights, and with signatures of their own."""

import numpy as np
import pytest
import tensorflow as tf

from tests.export.test_serving_ops import ALLOWED
from tests.export.test_serving_ops import operations
from tests.rounding import ROUNDING
from tf_adapters.data.task import Task
from tf_adapters.export import ServingOptions
from tf_adapters.export import export_saved_model
from tf_adapters.methods.compacter import Compacter
from tf_adapters.methods.intrinsic_said import IntrinsicSAID
from tf_adapters.methods.lora import LoRA

pytestmark = pytest.mark.large
TASKS = [
    Task(name=name, text_columns=("text",), labels=("no", "yes"))
    for name in ("one", "two")
]
MIXED = {
    "text": ["a good film", "films", "is a film good", "bad"],
    "text_pair": [""] * 4,
    "task": ["one", "two", "one", "two"],
}


def export(model, path, **options):
    folder = export_saved_model(
        model, path, 16, options=ServingOptions(**options)
    )
    return tf.saved_model.load(str(folder))


def scores(artefact, signature="serving_default", names=tuple(MIXED)):
    inputs = {name: tf.constant(MIXED[name]) for name in names}
    return artefact.signatures[signature](**inputs)["scores"].numpy()


def bytes_of(artefact):
    return sum(w.dtype.size * np.prod(w.shape) for w in artefact.weights)


@pytest.fixture(scope="module")
def two_tasks(make_model):
    return make_model(TASKS)


@pytest.fixture(scope="module")
def plain(two_tasks, tmp_path_factory):
    return export(two_tasks, tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def rich(two_tasks, tmp_path_factory):
    """With a signature without the adapters of a layer, and an ensemble."""
    path = tmp_path_factory.mktemp("rich")
    options = {
        "without_layers": {"fast": [0]},
        "ensembles": {"both": ["one", "two"]},
    }
    artefact = export(two_tasks, path, **options)
    assert operations(path / "1") <= ALLOWED
    return artefact


def test_a_signature_leaves_out_the_adapters_of_a_layer(
    two_tasks, plain, rich, tmp_path
):
    folder = export_saved_model(two_tasks, tmp_path, 16, dropped_layers=[0])
    expected = scores(tf.saved_model.load(str(folder)))
    np.testing.assert_allclose(scores(rich, "fast"), expected, atol=ROUNDING)
    np.testing.assert_allclose(scores(rich), scores(plain), atol=ROUNDING)
    assert np.abs(expected - scores(plain)).max() > 1e-2
    # It shares its weights with the others.
    assert bytes_of(rich) == bytes_of(plain)


def test_an_ensemble_is_the_mean_of_what_its_tasks_answer(plain, rich):
    each = [scores(plain, name, ["text"]) for name in ("one", "two")]
    assert np.abs(each[0] - each[1]).max() > 1e-2
    answers = rich.signatures["both"](text=tf.constant(MIXED["text"]))
    mean = np.mean(each, axis=0)
    np.testing.assert_allclose(answers["scores"], mean, atol=ROUNDING)
    np.testing.assert_array_equal(answers["label_index"], mean.argmax(-1))
    assert set(answers["label"].numpy()) <= {b"no", b"yes"}


def test_bfloat16_halves_the_weights(two_tasks, plain, tmp_path):
    short = export(two_tasks, tmp_path, weights="bfloat16")
    # Heads, and the factor of attention's softmax, are float32 as they were.
    assert bytes_of(short) < 0.55 * bytes_of(plain)
    assert operations(tmp_path / "1") <= ALLOWED
    # Eight bits of each number are left.
    moved = np.abs(scores(short) - scores(plain)).max()
    assert 1e-6 < moved < 0.1
    assert two_tasks.encoder.dtype_policy.name == "float32"


def test_int8_rounds_the_backbone_and_nothing_else(
    two_tasks, plain, rich, tmp_path
):
    options = {"weights": "int8", "without_layers": {"fast": [0]}}
    short = export(two_tasks, tmp_path, **options)
    moved = np.abs(scores(short) - scores(plain)).max()
    assert 1e-6 < moved < 0.1
    kinds = {tuple(w.shape): w.dtype for w in short.weights}
    encoder = two_tasks.encoder
    assert kinds[tuple(encoder.embedding.weights[0].shape)] == tf.int8
    for layer in encoder.transformer_layers:
        bank = layer.adapters["attention"].down
        assert kinds[tuple(bank.shape)] == tf.float32
    integers = [w for w in short.weights if w.dtype == tf.int8]
    # Two tables; queries, keys and values together and three more kernels; in
    # the last layer, which answers for the first token, queries by themselves.
    assert len(integers) == 2 + 4 + 5
    fast = scores(short, "fast")
    assert np.abs(fast - scores(rich, "fast")).max() < 0.1
    assert np.abs(fast - scores(short)).max() > 1e-2
    # The model is as it was.
    assert not encoder.stand_ins.of_slot
    assert not encoder.transformer_layers[0].stand_ins.is_int8
    assert operations(tmp_path / "1") <= ALLOWED


def test_factors_stay_factors(make_model, tmp_path):
    model = make_model(TASKS, Compacter(4, phm_dim=2))
    model_bytes = sum(4 * np.prod(w.shape) for w in model.weights)
    factored = export(model, tmp_path / "factored", factored=True)
    baked = export(model, tmp_path / "baked")
    np.testing.assert_allclose(scores(factored), scores(baked), atol=1e-5)
    assert bytes_of(factored) < bytes_of(baked)
    assert bytes_of(factored) <= model_bytes


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ensembles": {"one": ["one"]}}, "must not be called.*one"),
        ({"ensembles": {"describe": ["one"]}}, "must not be called.*describe"),
        ({"ensembles": {"all": ["one", "three"]}}, "no task 'three'"),
        ({"ensembles": {"all": []}}, "one or more names"),
        ({"without_layers": {"fast": [2]}}, "from 0 to 1. Received: 2"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    two_tasks, tmp_path, options, words
):
    path = tmp_path / "models"
    with pytest.raises(ValueError, match=words):
        export_saved_model(
            two_tasks, path, 16, options=ServingOptions(**options)
        )
    assert not path.exists()


@pytest.mark.parametrize(
    ("method", "options", "words"),
    [
        (IntrinsicSAID(60), {"weights": "int8"}, "updates it for each task"),
        (IntrinsicSAID(60), {"without_layers": {"a": [0]}}, "for each task"),
        (LoRA(2), {"without_layers": {"a": [0]}}, "added to a pretrained"),
    ],
)
def test_methods_that_cannot_are_refused(
    make_model, tmp_path, method, options, words
):
    model = make_model(TASKS[:1], method)
    with pytest.raises(ValueError, match=words):
        export(model, tmp_path, **options)
    # Nothing is left in its place.
    assert not model.encoder.stand_ins.of_slot


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"weights": "float16"}, "bfloat16, int8, or None.*'float16'"),
        (
            {"without_layers": {"a": [0]}, "ensembles": {"a": ["one"]}},
            "Received twice: a",
        ),
    ],
)
def test_options_that_no_model_has_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        ServingOptions(**options)

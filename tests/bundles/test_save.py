import itertools
import json
import os
import pathlib

import numpy as np
import pytest
import safetensors.numpy

from tests.object_store import Killed
from tf_adapters import bundles
from tf_adapters import layers
from tf_adapters import methods
from tf_adapters import storage


def trained(model, before):
    """Names the weights whose bytes differ from `before`."""
    return [
        weight.path
        for weight, old in zip(model.weights, before, strict=True)
        if np.array(weight).tobytes() != old
    ]


@pytest.mark.large
def test_the_trained_set_is_the_saved_set(tiny, method, tmp_path):
    model = tiny.model(method)
    before = tiny.values(model)
    tiny.train(model)
    bundle = bundles.read_bundle(model.save_task("rte", tmp_path / "rte"))

    assert len(bundle.tensors) == len(model.trainable_weights)
    # Every weight that the step moved is written with its new values.
    paths = [weight.path for weight in model.trainable_weights]
    assert set(trained(model, before)) <= set(paths)
    assert len(trained(model, before)) > len(paths) // 2
    written = sorted(t.tobytes() for t in bundle.tensors.values())
    assert written == sorted(
        np.array(w)[0].tobytes() if id(w) in bank_ids(model) else bytes_of(w)
        for w in model.trainable_weights
    )


def bank_ids(model):
    return {id(bank) for bank in model.banks().values()}


def bytes_of(weight):
    return np.array(weight).tobytes()


def test_names_and_shapes_are_those_of_one_task(tiny, tmp_path):
    model = tiny.model("pfeiffer", ("rte", "sst5"))
    bundle = bundles.read_bundle(model.save_task("rte", tmp_path / "rte"))
    shapes = {name: t.shape for name, t in bundle.tensors.items()}
    norms = {f"layer.{i}.{place}.norm" for i in (0, 1) for place in SUBLAYERS}
    expected = {
        f"{norm}.{name}": (16,)
        for norm in norms | {"embedding.norm"}
        for name in ("gamma", "beta")
    }
    for i in (0, 1):
        expected[f"layer.{i}.feedforward.adapter.down"] = (16, 4)
        expected[f"layer.{i}.feedforward.adapter.down_bias"] = (4,)
        expected[f"layer.{i}.feedforward.adapter.up"] = (4, 16)
        expected[f"layer.{i}.feedforward.adapter.up_bias"] = (16,)
    # The bank of heads is five wide, this task has two classes.
    expected |= {"head.kernel": (16, 2), "head.bias": (2,)}
    assert shapes == expected


SUBLAYERS = ("attention", "feedforward")


def test_last_layers_saves_what_it_trains_of_the_backbone(tiny, tmp_path):
    model = tiny.model("last_layers")
    bundle = bundles.read_bundle(model.save_task("rte", tmp_path / "rte"))
    shared = [name for name in bundle.tensors if name.startswith("shared.")]
    assert len(shared) == 16 + 2  # One transformer layer and the pooler.
    assert {name.split("/")[0] for name in shared} == {
        "shared.transformer_layer_1",
        "shared.pooled_dense",
    }


def test_what_is_written_can_be_read_without_this_library(tiny, tmp_path):
    model = tiny.model()
    metadata = {"accuracy": 0.75}
    path = model.save_task("rte", str(tmp_path / "a" / "b"), metadata=metadata)
    assert path == tmp_path / "a" / "b"
    described = json.loads((path / "bundle.json").read_text())
    assert described["metadata"] == metadata
    assert described["task"]["labels"] == ["no", "yes"]
    assert described["method"]["class_name"] == "Houlsby"
    tensors = safetensors.numpy.load_file(path / "weights.safetensors")
    np.testing.assert_array_equal(tensors["head.bias"], model.heads.bias[0])
    entry = described["tensors"]["head.bias"]
    assert entry == {"shape": [2], "dtype": "float32"}


def test_a_frozen_weight_that_a_method_made_is_saved(tiny, tmp_path):
    class Frozen(layers.BottleneckAdapter):
        def build(self, input_shape):
            super().build(input_shape)
            self.gain = self.add_weight(
                name="gain", shape=(16,), trainable=False
            )

    class WithFrozen(methods.Method):
        def slot_layer(self, slot, index, shape, shared):
            return Frozen(2) if slot == "attention" else None

    model = tiny.model(WithFrozen())
    bundle = bundles.read_bundle(model.save_task("rte", tmp_path / "rte"))
    assert "shared.layer.1.attention.adapter.gain" in bundle.tensors


def test_a_weight_trained_behind_the_method_is_not_lost(tiny, tmp_path):
    model = tiny.model()
    model.encoder.pooler.kernel.trainable = True
    message = "hold every weight that is trained.*pooled_dense/kernel.*False"
    with pytest.raises(bundles.BundleError, match=message):
        model.save_task("rte", tmp_path / "rte")


def test_two_shared_weights_of_one_name_are_refused(tiny, tmp_path):
    model = tiny.model("last_layers")
    model.encoder.pooler.bias._path = model.encoder.pooler.kernel.path
    message = "names of their own.*Received twice.*pooled_dense/kernel"
    with pytest.raises(bundles.BundleError, match=message):
        model.save_task("rte", tmp_path / "rte")


def test_numbers_that_are_not_finite_are_refused(tiny, tmp_path):
    model = tiny.model()
    model.heads.bias.assign([[np.nan, 0.0]])
    message = "NaN or infinity in the task 'rte': head.bias. Train it again"
    with pytest.raises(bundles.BundleError, match=message):
        model.save_task("rte", tmp_path / "rte")


def test_metadata_that_json_cannot_hold_is_refused(bystander, tmp_path):
    message = "`metadata` must hold values that JSON can hold"
    for metadata in ({"f1": np.float32(1)}, {"f1": float("nan")}):
        with pytest.raises(bundles.BundleError, match=message):
            bystander.save_task("rte", tmp_path / "r", metadata=metadata)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_task_is_refused(bystander, tmp_path):
    with pytest.raises(ValueError, match="no task 'cola'. Its tasks are: rte"):
        bystander.save_task("cola", tmp_path / "cola")


def test_a_directory_is_replaced_only_if_asked(tiny, saved):
    old = (saved / "weights.safetensors").read_bytes()
    other = tiny.model(seed=2)
    with pytest.raises(bundles.BundleError, match="must not exist yet.*=True"):
        other.save_task("rte", saved)
    assert (saved / "weights.safetensors").read_bytes() == old

    other.save_task("rte", saved, overwrite=True)
    assert (saved / "weights.safetensors").read_bytes() != old
    assert [path.name for path in saved.parent.iterdir()] == ["rte"]
    bundles.load_task(tiny.model(), saved)


def test_what_is_not_a_bundle_is_never_replaced(bystander, saved):
    (saved / "README.md").write_text("mine")
    message = "holds a bundle and nothing else.*Remove it yourself"
    with pytest.raises(bundles.BundleError, match=message):
        bystander.save_task("rte", saved, overwrite=True)
    assert (saved / "README.md").read_text() == "mine"
    with pytest.raises(bundles.BundleError, match=message):
        bystander.save_task("rte", saved / "README.md", overwrite=True)


@pytest.mark.parametrize("place", ["write_bytes", "fsync", "rename"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_crash_leaves_what_was_there(
    bystander, saved, tmp_path, monkeypatch, place, overwrite
):
    directory = saved if overwrite else tmp_path / "new"
    before = contents(tmp_path)
    rename = pathlib.Path.rename

    def crash(path, *_):
        if place != "rename" or path.suffix == ".new":
            raise OSError("No space left on device")
        return rename(path, *_)

    owner = os if place == "fsync" else pathlib.Path
    monkeypatch.setattr(owner, place, crash)
    with pytest.raises(OSError, match="No space left"):
        bystander.save_task("rte", directory, overwrite=overwrite)
    assert contents(tmp_path) == before


def test_an_object_store_holds_a_bundle(tiny, object_store):
    directory = object_store.root / "bundles" / "rte"
    model = tiny.model()
    assert model.save_task("rte", str(directory)) == directory
    assert set(object_store.contents()) == {
        "bundles/rte/bundle.json",
        "bundles/rte/weights.safetensors",
    }
    other = tiny.model(seed=2)
    with pytest.raises(bundles.BundleError, match="must not exist yet.*=True"):
        other.save_task("rte", directory)
    other.save_task("rte", directory, overwrite=True)
    bundles.load_task(model, str(directory))
    np.testing.assert_array_equal(model.heads.kernel, other.heads.kernel)

    storage.write_whole(directory / "README.md", b"mine")
    with pytest.raises(bundles.BundleError, match="a bundle and nothing else"):
        model.save_task("rte", directory, overwrite=True)


@pytest.mark.parametrize("error", [Killed, OSError])
def test_a_kill_leaves_no_bundle_that_could_be_half_loaded(
    tiny, bystander, object_store, error
):
    """The changes are two files of the old bundle, and two of the new."""
    first = tiny.model()
    for changes in itertools.count():
        directory = object_store.root / str(changes)
        first.save_task("rte", directory)
        old = bundles.read_bundle(directory).tensors["head.kernel"]
        if not object_store.interrupts(
            lambda directory=directory: bystander.save_task(
                "rte", directory, overwrite=True
            ),
            changes,
            error,
        ):
            break
        if changes == 0:
            found = bundles.read_bundle(directory).tensors["head.kernel"]
            np.testing.assert_array_equal(found, old)
            continue
        message = "`bundle.json` cannot be read.*Give the directory"
        with pytest.raises(bundles.BundleError, match=message):
            bundles.read_bundle(directory)
        # Half a bundle is none that would have to be overwritten.
        bystander.save_task("rte", directory)
    assert changes == 4
    found = bundles.read_bundle(directory).tensors["head.kernel"]
    np.testing.assert_array_equal(found, bystander.heads.kernel[0])


def contents(directory):
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    } | {path.name: b"" for path in directory.iterdir() if path.is_dir()}

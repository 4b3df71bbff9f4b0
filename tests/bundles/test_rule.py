"""The rule that all adapters of a task share, in the bundle of the task."""

import hashlib
import json

import numpy as np
import pytest
import safetensors.numpy

from tf_adapters import bundles

RULE = "method.rule.rule"


@pytest.fixture
def model(tiny):
    return tiny.model("compacter", ("rte", "mnli"))


@pytest.fixture
def directory(model, tmp_path):
    return model.save_task("mnli", tmp_path / "mnli")


def adapters_of(model):
    layers = model.task_layers().items()
    return [layer for name, layer in layers if name.endswith(".adapter")]


def test_it_is_held_exactly_once(model, directory):
    tensors = bundles.read_bundle(directory).tensors
    shape = (2, 2, 2)
    assert [k for k, v in tensors.items() if v.shape == shape] == [RULE]
    assert [k for k in tensors if "rule" in k] == [RULE]
    # That of the task, which has the second row.
    np.testing.assert_array_equal(tensors[RULE], model.banks()[RULE][1])


def test_it_is_loaded_for_all_adapters(tiny, model, directory):
    loaded = tiny.model("compacter", seed=2)
    rules = {id(a.rule_layer) for a in adapters_of(loaded)}
    assert len(rules) == 1
    loaded.load_task(directory)
    np.testing.assert_array_equal(
        loaded.banks()[RULE][1], model.banks()[RULE][1]
    )
    assert {id(a.rule_layer) for a in adapters_of(loaded)} == rules
    batch = tiny.batch([1] * 4)
    np.testing.assert_array_equal(loaded(batch), model(batch))


def test_a_bundle_without_it_is_refused(tiny, directory):
    tensors = dict(bundles.read_bundle(directory).tensors)
    del tensors[RULE]
    data = safetensors.numpy.save(tensors)
    (directory / "weights.safetensors").write_bytes(data)
    path = directory / "bundle.json"
    described = json.loads(path.read_text())
    del described["tensors"][RULE]
    # It would say that the rest was changed.
    del described["description_sha256"]
    described["weights_sha256"] = hashlib.sha256(data).hexdigest()
    path.write_text(json.dumps(described))
    model = tiny.model("compacter", seed=2)
    before = tiny.values(model)
    with pytest.raises(bundles.BundleError, match=f"missing: {RULE}"):
        model.load_task(directory)
    assert tiny.values(model) == before

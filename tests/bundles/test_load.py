import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest

from tests.rounding import assert_same_to_rounding
from tf_adapters import bundles
from tf_adapters.bundles.tensors import task_tensors

LOAD_AND_CALL = """
import importlib.util
import pathlib
import sys

import numpy as np

spec = importlib.util.spec_from_file_location("tiny", sys.argv[1])
tiny = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tiny)
for directory in map(pathlib.Path, sys.argv[2:]):
    model = tiny.make_model(directory.name, seed=99)
    before = tiny.own_logits(model, "rte", compiled=False)
    model.load_task(directory)
    after = tiny.own_logits(model, "rte", compiled=False)
    np.savez(directory.with_suffix(".npz"), before=before, after=after)
"""


@pytest.mark.large
def test_a_new_process_computes_the_same_logits(tiny, tmp_path):
    expected = {}
    for chosen in tiny.methods:
        model = tiny.model(chosen)
        tiny.train(model)
        model.save_task("rte", tmp_path / chosen)
        expected[chosen] = tiny.own_logits(model, "rte", compiled=False)
    conftest = pathlib.Path(__file__).with_name("conftest.py")
    directories = [tmp_path / chosen for chosen in expected]
    subprocess.run(
        [sys.executable, "-c", LOAD_AND_CALL, conftest, *directories],
        check=True,
        capture_output=True,
    )
    for chosen, logits_here in expected.items():
        found = np.load(tmp_path / f"{chosen}.npz")
        assert_same_to_rounding(found["after"], logits_here)
        assert np.abs(found["before"] - found["after"]).max() > 0.1


@pytest.mark.large
def test_every_method_comes_back_into_another_model(tiny, tmp_path, method):
    model = tiny.model(method)
    tiny.train(model)
    model.save_task("rte", tmp_path / "rte")
    other = tiny.model(method, seed=2)
    assert other.load_task(tmp_path / "rte") == "rte"
    assert tiny.values(other) == tiny.values(model)


@pytest.mark.large
def test_a_task_beside_a_wider_one_keeps_its_head(tiny, tmp_path):
    """Its head is cut out of a wider bank; the rest of it must not shift."""
    model = tiny.model("houlsby", names=("sst5", "rte", "stsb"))
    for name in ("rte", "stsb"):
        model.save_task(name, tmp_path / name)
        other = tiny.model("houlsby", names=("mnli",), seed=2)
        other.load_task(tmp_path / name)
        assert_same_to_rounding(
            tiny.own_logits(other, name), tiny.own_logits(model, name)
        )


def test_a_task_of_the_model_is_replaced_and_no_other(tiny, saved):
    model = tiny.model(names=("mnli", "rte", "sst5"), seed=2)
    before = logits(tiny, model)
    model.load_task(saved)
    after = logits(tiny, model)
    for name in ("mnli", "sst5"):
        np.testing.assert_array_equal(after[name], before[name])
    assert_same_to_rounding(after["rte"], tiny.own_logits(tiny.model(), "rte"))
    assert model.task_names == ["mnli", "rte", "sst5"]


@pytest.mark.large
@pytest.mark.parametrize(
    "names", [("mnli",), ("mnli", "stsb"), ("mnli", "stsb", "sst5")], ids=len
)
def test_a_task_that_is_loaded_changes_no_other(tiny, saved, names):
    model = tiny.model(names=names, seed=2)
    before = logits(tiny, model)
    banks = {name: np.array(bank) for name, bank in model.banks().items()}
    assert model.load_task(saved) == "rte"
    after = logits(tiny, model)
    for name, bank in model.banks().items():
        old = banks[name]
        kept = np.array(bank)[tuple(slice(size) for size in old.shape)]
        np.testing.assert_array_equal(kept, old)
    # The same weights of each; more of them meet the batch in one product.
    for name in names:
        assert_same_to_rounding(after[name], before[name])
    assert_same_to_rounding(after["rte"], tiny.own_logits(tiny.model(), "rte"))


def test_one_bundle_can_be_loaded_under_two_names(tiny, saved):
    model = tiny.model(names=("mnli",), seed=2)
    assert model.load_task(saved, name="rte-1") == "rte-1"
    assert model.load_task(saved, name="rte-2") == "rte-2"
    assert model.task_names == ["mnli", "rte-1", "rte-2"]
    one, two = (np.array(model.heads.kernel)[i] for i in (1, 2))
    np.testing.assert_array_equal(one[:, :2], two[:, :2])


def test_a_loaded_model_trains_on(tiny, saved):
    model = tiny.model(names=("mnli",), seed=2)
    model.load_task(saved)
    before = np.array(model.heads.kernel)
    tiny.train(model)
    assert (np.array(model.heads.kernel)[1, :, :2] != before[1, :, :2]).any()


def test_equal_shared_weights_may_join_other_tasks(tiny, tmp_path):
    model = tiny.model("last_layers", ("rte", "mnli"))
    tiny.train(model)
    model.save_task("rte", tmp_path / "rte")
    before = logits(tiny, model)
    model.load_task(tmp_path / "rte", name="rte-again")
    after = logits(tiny, model)
    for name in ("rte", "mnli"):
        assert_same_to_rounding(after[name], before[name])


def test_other_shared_weights_may_not(tiny, tmp_path):
    trained = tiny.model("last_layers")
    tiny.train(trained)
    trained.save_task("rte", tmp_path / "rte")
    model = tiny.model("last_layers", ("rte", "mnli"))
    before = tiny.values(model)
    message = (
        r"must not change the others \(mnli\).*"
        r"Received other values.*shared.pooled_dense/kernel.*"
        r"whose only task is 'rte'"
    )
    with pytest.raises(bundles.BundleError, match=message):
        model.load_task(tmp_path / "rte")
    assert tiny.values(model) == before


def test_a_bfloat16_bank_is_stored_without_loss(tiny, tmp_path):
    keras.config.set_dtype_policy("bfloat16")
    try:
        model, other = tiny.model(), tiny.model(seed=2)
    finally:
        keras.config.set_dtype_policy("float32")
    directory = model.save_task("rte", tmp_path / "rte")
    stored = bundles.read_bundle(directory).tensors
    assert stored["layer.0.attention.adapter.up"].dtype == "float32"
    other.load_task(directory)
    assert tiny.values(other) == tiny.values(model)


def logits(tiny, model):
    return {name: tiny.own_logits(model, name) for name in model.task_names}


@pytest.mark.parametrize("method", ["houlsby", "last_layers"])
def test_many_are_loaded_as_one_by_one(tiny, tmp_path, method):
    model = tiny.model(method, ("rte", "stsb", "sst5"))
    tiny.train(model)
    names = ("rte", "stsb", "sst5")
    for name in names:
        model.save_task(name, tmp_path / name)
    one_by_one = tiny.model(method, ("rte",), seed=2)
    for name in names:
        one_by_one.load_task(tmp_path / name)
    at_once = tiny.model(method, ("rte",), seed=3)
    assert at_once.load_tasks([tmp_path / name for name in names]) == [*names]
    assert at_once.task_names == one_by_one.task_names == [*names]
    assert_same_weights(at_once, one_by_one)


def assert_same_weights(model, other):
    for name in model.task_names:
        values = task_tensors(model, name)
        for key, expected in task_tensors(other, name).items():
            np.testing.assert_array_equal(values[key], expected)


def test_many_are_loaded_under_other_names(tiny, saved):
    model = tiny.model(names=("mnli",), seed=2)
    assert model.load_tasks({"a": saved, "b": saved}) == ["a", "b"]
    assert model.task_names == ["mnli", "a", "b"]
    expected = bundles.read_bundle(saved).tensors
    for name in ("a", "b"):
        for key, values in task_tensors(model, name).items():
            np.testing.assert_array_equal(values, expected[key])


def test_all_are_loaded_or_none(tiny, saved, tmp_path):
    model = tiny.model(names=("mnli",), seed=2)
    before = tiny.values(model)
    with pytest.raises(bundles.BundleError, match="cannot be read"):
        model.load_tasks([saved, tmp_path / "missing"])
    with pytest.raises(bundles.BundleError, match="names of their own.*'rte'"):
        model.load_tasks([saved, saved])
    with pytest.raises(bundles.BundleError, match="must be of the method"):
        other = tiny.model("layer_norm_only")
        other.save_task("rte", tmp_path / "other")
        model.load_tasks({"a": saved, "b": tmp_path / "other"})
    assert model.task_names == ["mnli"]
    assert tiny.values(model) == before


def test_many_must_agree_in_what_they_share(tiny, tmp_path):
    folders = {}
    for seed in (1, 2):
        model = tiny.model("last_layers", seed=seed)
        tiny.train(model)
        model.save_task("rte", tmp_path / str(seed))
        folders["rte" if seed == 1 else "other"] = tmp_path / str(seed)
    model = tiny.model("last_layers", seed=3)
    with pytest.raises(bundles.BundleError, match="must not change the others"):
        model.load_tasks(folders)


def test_none_may_be_loaded_and_one_is_no_list(tiny, saved):
    model = tiny.model("last_layers", names=("mnli",))
    assert model.load_tasks([]) == []
    with pytest.raises(bundles.BundleError, match="Write it as .directory."):
        model.load_tasks(saved)
    houlsby = tiny.model(names=("mnli",))
    assert houlsby.load_tasks(path for path in [saved]) == ["rte"]


def test_their_order_does_not_matter(tiny, tmp_path):
    model = tiny.model("last_layers", ("rte", "stsb"))
    tiny.train(model)
    for name in ("rte", "stsb"):
        model.save_task(name, tmp_path / name)
    other = tiny.model("last_layers", ("rte",), seed=2)
    other.load_tasks([tmp_path / "stsb", tmp_path / "rte"])
    assert other.task_names == ["rte", "stsb"]
    assert_same_weights(other, model)

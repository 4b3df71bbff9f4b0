"""Which bundles join, and which are refused."""

import json
import pathlib

import keras
import numpy as np
import pytest

from tests.bundles.test_damaged import CRAFTED
from tests.bundles.test_damaged import CRAFTED_IDS
from tests.rounding import ROUNDING
from tf_adapters import BundleError
from tf_adapters.methods import Houlsby
from tf_adapters.methods import JoinedAdapters
from tf_adapters.publishing import join_bundles

JOINING = (
    "layer_norm_only",
    "adapter_drop",
    "low_rank_adapter",
    "phm_adapter",
    "normalized_adapters",
    "hyperformer",
)
NOT_JOINING = {
    "pals": "has a backbone of its own: it trained",
    "last_layers": "has a backbone of its own: it trained",
    "lora": "has a LowRankUpdate at",
    "bitfit": "has a TaskBias at",
    "prompt_tuning": "has a Prompt at prompt",
    "intrinsic_said": "changes the pretrained weights for each task",
}


def logits(model, name):
    random = np.random.default_rng(0)
    inputs = {
        "token_ids": random.integers(0, 12, (4, 9)),
        "segment_ids": random.integers(0, 2, (4, 9)),
        "padding_mask": np.arange(9) < np.array([[9], [4], [6], [2]]),
        "task_ids": np.full(4, model.task_id(name)),
    }
    inputs = {k: v.astype("int32") for k, v in inputs.items()}
    outputs = model.tasks[model.task_id(name)].num_outputs
    return np.array(model(inputs))[:, :outputs]


@pytest.fixture
def houlsby(preset, made, tmp_path):
    model = made.run(preset, Houlsby(4), ("a",))
    return made.save(model, tmp_path / "houlsby")


@pytest.mark.large
@pytest.mark.parametrize("name", JOINING)
def test_a_method_joins_and_computes_what_it_did(
    preset, made, houlsby, name, tmp_path
):
    own = made.run(preset, made.methods[name](), ("b", "c"), seed=2)
    bundles = made.save(own, tmp_path / name)
    joined = join_bundles(preset, {**bundles, **houlsby})
    assert isinstance(joined.method, JoinedAdapters)
    assert joined.task_names == ["b", "c", "a"]
    for task in ("b", "c"):
        np.testing.assert_allclose(
            logits(joined, task), logits(own, task), rtol=0, atol=ROUNDING
        )


@pytest.mark.large
@pytest.mark.parametrize("name", NOT_JOINING)
def test_a_method_of_which_more_is_left_does_not_join_another(
    preset, made, houlsby, name, tmp_path
):
    own = made.run(preset, made.methods[name](), ("b", "c"), seed=2)
    bundles = made.save(own, tmp_path / name)
    with pytest.raises(BundleError) as error:
        join_bundles(preset, {**houlsby, **bundles})
    message = str(error.value)
    assert NOT_JOINING[name] in message
    assert repr(own.method) in message
    assert bundles["b"] in message
    assert "on the backbone " in message
    # On its own it needs not join.
    alone = join_bundles(preset, bundles)
    for task in ("b", "c"):
        np.testing.assert_allclose(
            logits(alone, task), logits(own, task), rtol=0, atol=ROUNDING
        )


@pytest.mark.large
def test_tasks_of_one_method_are_a_model_of_it(preset, made, houlsby, tmp_path):
    other = made.run(preset, Houlsby(4), ("b",), seed=3)
    model = join_bundles(
        preset, {**houlsby, **made.save(other, tmp_path / "b")}
    )
    assert repr(model.method) == repr(Houlsby(4))
    for task in ("a", "b"):
        assert model.task_id(task) == "ab".index(task)


@pytest.mark.large
def test_two_runs_that_each_trained_a_hypernetwork_join(preset, made, tmp_path):
    runs = [
        made.run(preset, made.methods["hyperformer"](), (name,), seed=i)
        for i, name in enumerate("ab")
    ]
    bundles = {}
    for i, run in enumerate(runs):
        bundles |= made.save(run, tmp_path / str(i), shared="beside")
    joined = join_bundles(preset, bundles)
    assert isinstance(joined.method, JoinedAdapters)
    for run, name in zip(runs, "ab", strict=True):
        np.testing.assert_allclose(
            logits(joined, name), logits(run, name), rtol=0, atol=ROUNDING
        )


@pytest.mark.large
def test_generated_bundles_join(preset, made, houlsby, tmp_path):
    own = made.run(preset, made.methods["compacter"](), ("b",), seed=2)
    bundles = made.save(own, tmp_path / "own", generated=True)
    joined = join_bundles(preset, {**houlsby, **bundles})
    np.testing.assert_allclose(
        logits(joined, "b"), logits(own, "b"), rtol=0, atol=ROUNDING
    )


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("name", ["compacter", "multi_task"])
def test_another_backbone_is_refused_with_both_fingerprints(
    preset, made, houlsby, name, together, tmp_path
):
    """Whichever LayerNorms either method trains."""
    other = made.preset(tmp_path / "other", seed=1)
    own = made.run(other, made.methods[name](), ("b",))
    bundles = made.save(own, tmp_path / "own")
    first = houlsby if together else {}
    with pytest.raises(BundleError, match="the backbone .*for a model of the"):
        join_bundles(preset, {**first, **bundles})
    if together:
        with pytest.raises(BundleError, match="houlsby/a.*the backbone "):
            join_bundles(other, {**bundles, **houlsby})


@pytest.mark.parametrize("together", [False, True])
def test_another_tokenizer_is_refused_with_both_fingerprints(
    preset, made, houlsby, together, tmp_path
):
    """Though every weight fits."""
    other = made.preset(tmp_path / "other", lowercase=True)
    own = made.run(other, made.methods["compacter"](), ("b",))
    bundles = made.save(own, tmp_path / "own")
    first = houlsby if together else {}
    with pytest.raises(BundleError, match="the tokenizer .*for a model of the"):
        join_bundles(preset, {**first, **bundles})
    join_bundles(other, bundles)


def test_another_pooling_is_refused(preset, made, houlsby, tmp_path):
    own = made.run(preset, Houlsby(2), ("b",), pooling="mean")
    bundles = made.save(own, tmp_path / "own")
    with pytest.raises(BundleError, match="pooling='pooler'.*pooling='mean'"):
        join_bundles(preset, {**houlsby, **bundles})


def test_a_name_that_no_task_can_have_is_refused(preset, houlsby):
    with pytest.raises(BundleError, match="lower case letters.*'A b'"):
        join_bundles(preset, {"A b": houlsby["a"]})


def test_the_joined_method_checks_its_arguments():
    with pytest.raises(ValueError, match="attention_dim=-1. Write 0"):
        JoinedAdapters(attention_dim=-1)
    with pytest.raises(ValueError, match=r"activations=\(\)"):
        JoinedAdapters(activations=())


@pytest.mark.large
def test_a_joined_model_survives_a_keras_file(preset, folders, tmp_path):
    model = join_bundles(preset, folders)
    model.save(tmp_path / "model.keras")
    revived = keras.saving.load_model(tmp_path / "model.keras")
    assert repr(revived.method) == repr(model.method)
    for name in ("houlsby_a", "hyperformer_a", "pfeiffer_b"):
        np.testing.assert_array_equal(
            logits(revived, name), logits(model, name)
        )


@pytest.mark.parametrize("method", CRAFTED, ids=CRAFTED_IDS)
def test_no_code_that_a_bundle_names_is_run(
    preset, houlsby, tmp_path, monkeypatch, method
):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "witness.py").write_text("raise SystemExit('was imported')")
    (folder,) = houlsby.values()
    path = pathlib.Path(folder, "bundle.json")
    described = json.loads(path.read_text())
    del described["description_sha256"]
    described["method"] = method
    path.write_text(json.dumps(described))
    with pytest.raises(BundleError, match="method of a bundle must be known"):
        join_bundles(preset, houlsby)

"""Tasks that leave a model, or get another name in it."""

import keras
import numpy as np
import pytest

from tests.rounding import assert_same_to_rounding

NAMES = ("rte", "sst5", "mnli")


@pytest.fixture(
    params=["houlsby", "hyperformer_plus_plus", "lora", "compacter"]
)
def chosen(request):
    return request.param


@pytest.mark.parametrize("removed", NAMES)
def test_no_weight_of_another_task_changes(tiny, chosen, removed):
    model = tiny.model(chosen, NAMES)
    kept = [name for name in NAMES if name != removed]
    rows = [model.task_id(name) for name in kept]
    before = {
        name: np.array(bank)[rows] for name, bank in model.banks().items()
    }
    shared = {
        weight.path: np.array(weight)
        for weight in model.weights
        if not any(weight is bank for bank in model.banks().values())
    }
    model.remove_task(removed)
    assert model.task_names == kept
    for name, bank in model.banks().items():
        # The head is as wide as the widest task that is left.
        wide = before[name][..., : bank.shape[-1]]
        np.testing.assert_array_equal(bank, wide)
    assert model.heads.max_outputs == (3 if removed == "sst5" else 5)
    banks = {id(bank) for bank in model.banks().values()}
    for weight in model.weights:
        if id(weight) not in banks:
            np.testing.assert_array_equal(weight, shared[weight.path])


@pytest.mark.large
def test_every_method_answers_as_before_and_is_what_a_new_model_is(
    tiny, method
):
    model = tiny.model(method, NAMES)
    before = {name: tiny.own_logits(model, name) for name in ("sst5", "mnli")}
    model.remove_task("rte")
    for name, logits in before.items():
        assert_same_to_rounding(tiny.own_logits(model, name), logits)
    new = tiny.model(method, ("sst5", "mnli"))
    assert sorted((w.path, w.shape) for w in model.weights) == sorted(
        (w.path, w.shape) for w in new.weights
    )
    assert sorted(w.path for w in model.trainable_weights) == sorted(
        w.path for w in new.trainable_weights
    )
    tiny.train(model)


@pytest.mark.large
@pytest.mark.parametrize("edit", ["remove", "rename"])
def test_a_compiled_model_must_be_compiled_again(tiny, edit):
    model = tiny.model(names=("rte", "stsb"))
    model.loss_weights = {"rte": 2.0}
    tiny.train(model)
    if edit == "remove":
        model.remove_task("rte")
        left = {"stsb"}
    else:
        model.rename_task("rte", "entailment")
        left = {"entailment", "stsb"}
        assert model.loss_weights == {"entailment": 2.0}
    x = tiny.batch([0, 0])
    with pytest.raises(ValueError, match=r"must call `compile\(\)` before"):
        model.fit(x, np.zeros((2, 1)), verbose=0)
    tiny.train(model)
    names = {metric.name for metric in model.metrics}
    assert names == {"loss", *(f"{name}_loss" for name in left)}


def test_losses_are_counted_for_the_right_task_after_a_renaming(tiny):
    model = tiny.model(names=("rte", "stsb"))
    model.compile("sgd")
    model.rename_task("rte", "entailment")
    model.compile("sgd")
    names = [tracker.name for tracker in model.loss_trackers]
    assert names == ["entailment_loss", "stsb_loss"]
    model.rename_task("entailment", "entailment")
    model.compile("sgd")
    assert [tracker.name for tracker in model.loss_trackers] == names


def test_a_renamed_task_keeps_its_weights_and_is_saved_by_its_name(
    tiny, tmp_path
):
    model = tiny.model(names=("rte", "stsb"))
    before = tiny.values(model)
    model.rename_task("rte", "entailment")
    assert tiny.values(model) == before
    assert model.task_names == ["entailment", "stsb"]
    assert model.tasks[0].labels == tiny.task("rte").labels
    model.save_task("entailment", tmp_path / "bundle")
    other = tiny.model(names=("stsb",), seed=2)
    assert other.load_task(tmp_path / "bundle") == "entailment"


@pytest.mark.parametrize("chosen", ["pals", "hyperformer", "shared_encoder"])
def test_bundles_of_tasks_that_share_stay_loadable(tiny, chosen, tmp_path):
    model = tiny.model(chosen, ("rte", "mnli"))
    model.save_task("rte", tmp_path / "rte")
    before = tiny.values(model)
    model.remove_task("rte")
    model.load_task(tmp_path / "rte")
    assert model.task_names == ["mnli", "rte"]
    model.remove_task("mnli")
    model.save_task("rte", tmp_path / "again")
    first, second = (
        tmp_path / n / "weights.safetensors" for n in ("rte", "again")
    )
    assert first.read_bytes() == second.read_bytes()
    assert len(tiny.values(model)) == len(before)


def test_a_model_that_lost_a_task_survives_a_keras_file(tiny, tmp_path):
    model = tiny.model(names=NAMES)
    model.remove_task("sst5")
    model.rename_task("mnli", "snli")
    model.save(tmp_path / "model.keras")
    revived = keras.saving.load_model(tmp_path / "model.keras")
    assert revived.task_names == ["rte", "snli"]
    assert tiny.values(revived) == tiny.values(model)


def test_what_cannot_be_is_refused(tiny):
    model = tiny.model(names=("rte", "stsb"))
    before = tiny.values(model)
    with pytest.raises(ValueError, match="has no task 'mnli'. Its tasks are"):
        model.remove_task("mnli")
    with pytest.raises(ValueError, match="has no task 'mnli'"):
        model.rename_task("mnli", "snli")
    with pytest.raises(ValueError, match="Received twice: stsb"):
        model.rename_task("rte", "stsb")
    with pytest.raises(ValueError, match="name"):
        model.rename_task("rte", "")
    assert tiny.values(model) == before
    assert model.task_names == ["rte", "stsb"]
    model.remove_task("rte")
    with pytest.raises(
        ValueError, match="must keep one task.*'stsb', its only"
    ):
        model.remove_task("stsb")

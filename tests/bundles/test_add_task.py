import dataclasses

import keras
import numpy as np
import pytest

from tests.rounding import assert_same_to_rounding


def metric_names(model):
    return [metric.name for metric in model.metrics]


@pytest.mark.large
@pytest.mark.parametrize(
    "chosen, names",
    [
        ("houlsby", ("rte",)),
        ("houlsby", ("rte", "stsb")),
        ("houlsby", ("rte", "stsb", "mnli")),
        ("full_fine_tuning", ("rte",)),
    ],
)
def test_no_weight_of_another_task_changes(tiny, names, chosen):
    model = tiny.model(chosen, names)
    before = {name: tiny.own_logits(model, name) for name in names}
    banks = {name: np.array(bank) for name, bank in model.banks().items()}
    model.add_task(tiny.task("sst5"))  # Wider than any head was.
    for name in names:
        after = tiny.own_logits(model, name)
        assert_same_to_rounding(after, before[name])
    for name, bank in model.banks().items():
        old = banks[name]
        kept = np.array(bank)[tuple(slice(size) for size in old.shape)]
        np.testing.assert_array_equal(kept, old)
    assert tiny.own_logits(model, "sst5").shape == (2, 4, 5)


def test_it_is_what_a_new_model_of_these_tasks_is(tiny):
    grown = tiny.model(names=("rte",))
    grown.add_task(tiny.task("stsb"))
    new = tiny.model(names=("rte", "stsb"))
    assert [w.shape for w in grown.weights] == [w.shape for w in new.weights]
    assert sorted((w.path, w.shape) for w in grown.trainable_weights) == sorted(
        (w.path, w.shape) for w in new.trainable_weights
    )
    tracked = {id(w) for w in grown.trainable_weights}
    assert tracked == {id(bank) for bank in grown.banks().values()}
    grown.compile()
    new.compile()
    assert metric_names(grown) == metric_names(new)


@pytest.mark.large
def test_a_compiled_model_must_be_compiled_again(tiny):
    model = tiny.model(names=("rte",))
    tiny.train(model)
    assert metric_names(model) == ["loss", "rte_loss"]
    x = tiny.batch([0, 0])
    model.predict_on_batch(x)
    model.add_task(tiny.task("stsb"))
    with pytest.raises(ValueError, match=r"must call `compile\(\)` before"):
        model.fit(x, np.zeros((2, 1)), verbose=0)
    assert model.predict_on_batch(tiny.batch([0, 1])).shape == (2, 2)
    tiny.train(model)
    assert metric_names(model) == ["loss", "rte_loss", "stsb_loss"]


def test_the_new_task_trains_and_the_old_one_need_not(tiny):
    model = tiny.model(names=("rte",))
    model.add_task(tiny.task("stsb"))
    before = {name: np.array(bank) for name, bank in model.banks().items()}
    model.compile(optimizer="adam", run_eagerly=True)
    x, y = tiny.batch([1, 1, 1]), np.ones((3, 1))
    model.fit(x, y, batch_size=3, verbose=0)
    moved = 0
    for name, bank in model.banks().items():
        np.testing.assert_array_equal(np.array(bank)[0], before[name][0])
        moved += (np.array(bank)[1] != before[name][1]).any()
    assert moved == len(before)


@pytest.mark.large
def test_a_grown_model_survives_a_keras_file(tiny, tmp_path):
    model = tiny.model(names=("rte",))
    tiny.train(model)
    model.add_task(tiny.task("sst5"))
    model.save(tmp_path / "model.keras")
    revived = keras.saving.load_model(tmp_path / "model.keras")
    assert revived.task_names == ["rte", "sst5"]
    assert tiny.values(revived) == tiny.values(model)


def test_a_grown_model_saves_and_loads_its_tasks(tiny, tmp_path):
    model = tiny.model(names=("rte",))
    model.add_task(tiny.task("sst5"))
    model.save_task("sst5", tmp_path / "sst5")
    other = tiny.model(names=("sst5",), seed=2)
    other.load_task(tmp_path / "sst5")
    assert_same_to_rounding(
        tiny.own_logits(other, "sst5"), tiny.own_logits(model, "sst5")
    )


def test_a_name_that_the_model_has_is_refused(tiny):
    model = tiny.model(names=("rte",))
    before = tiny.values(model)
    with pytest.raises(ValueError, match="Received twice: rte"):
        model.add_task(tiny.task("rte"))
    with pytest.raises(TypeError, match="Received: 'rte'"):
        model.add_task("rte")
    assert tiny.values(model) == before
    assert model.task_names == ["rte"]


def test_a_loaded_model_starts_new_norms_from_the_pretrained(tiny, tmp_path):
    model = tiny.model(names=("rte",))
    norm = model.encoder.transformer_layers[1]._feedforward_layer_norm
    norm.gamma.assign(np.arange(16.0))
    model.save(tmp_path / "model.keras")
    revived = keras.saving.load_model(tmp_path / "model.keras")
    revived.add_task(tiny.task("stsb"))
    gamma = revived.banks()["layer.1.feedforward.norm.gamma"]
    np.testing.assert_array_equal(np.array(gamma)[1], np.arange(16.0))


@pytest.mark.large
@pytest.mark.parametrize("chosen", ["houlsby", "hyperformer_plus_plus"])
def test_a_task_starts_from_another(tiny, chosen):
    model = tiny.model(chosen, names=("rte", "mnli"))
    before = {name: tiny.own_logits(model, name) for name in ("rte", "mnli")}
    new = dataclasses.replace(tiny.task("mnli"), name="snli")
    model.add_task(new, initialise_from="mnli")
    # It has the labels of that task, so its head is the same too.
    for bank in model.banks().values():
        np.testing.assert_array_equal(np.array(bank)[2], np.array(bank)[1])
    assert_same_to_rounding(tiny.own_logits(model, "snli"), before["mnli"])
    for name, logits in before.items():
        assert_same_to_rounding(tiny.own_logits(model, name), logits)


def test_a_head_of_other_labels_is_drawn(tiny):
    model = tiny.model(names=("rte", "mnli"))
    model.add_task(tiny.task("sst5"), initialise_from="mnli")
    for name, bank in model.banks().items():
        same = np.array_equal(np.array(bank)[2], np.array(bank)[1])
        assert same != name.startswith("head"), name
    kernel = np.array(model.heads.kernel)[2]
    # A truncated normal of 0.02, and not the 0.3 of the scrambled ones.
    assert 0 < np.abs(kernel).max() <= 0.04


def test_a_task_to_start_from_must_be_there(tiny):
    model = tiny.model(names=("rte",))
    with pytest.raises(ValueError, match="The model has no task 'mnli'"):
        model.add_task(tiny.task("sst5"), initialise_from="mnli")
    assert model.task_names == ["rte"]


@pytest.mark.large
@pytest.mark.parametrize("chosen", ["houlsby", "hyperformer_plus_plus", "pals"])
def test_what_is_shared_can_be_frozen(tiny, chosen):
    model = tiny.model(chosen, names=("rte",))
    model.add_task(tiny.task("stsb"), initialise_from="rte")
    model.freeze_shared()
    before = tiny.own_logits(model, "rte")
    values = {id(w): np.array(w) for w in model.weights}
    banks = {id(bank) for bank in model.banks().values()}
    model.compile(optimizer="adam", run_eagerly=True)
    x, y = tiny.batch([1, 1, 1]), np.ones((3, 1))
    model.fit(x, y, batch_size=3, verbose=0)
    moved = {id(w) for w in model.weights if (values[id(w)] != w).any()}
    seeds = {
        id(w) for w in model.weights if w.path.endswith("seed_generator_state")
    }
    assert moved - seeds == banks
    model.run_eagerly = False
    np.testing.assert_array_equal(tiny.own_logits(model, "rte"), before)

import keras
import pytest

from tf_adapters import methods
from tf_adapters.bundles import fingerprint

FREEZING = ("houlsby", "pfeiffer", "pfeiffer_attention", "layer_norm_only")


@pytest.mark.large
def test_training_does_not_change_it(tiny, method):
    model = tiny.model(method, ("rte", "mnli"))
    before = fingerprint(model)
    tiny.train(model)
    assert fingerprint(model) == before


def test_tasks_and_banks_do_not_change_it(tiny):
    one = tiny.model(names=("rte",))
    three = tiny.model(names=("mnli", "stsb", "sst5"), seed=2)
    assert fingerprint(one) == fingerprint(three)
    one.add_task(tiny.task("sst5"))
    assert fingerprint(one) == fingerprint(three)


def test_methods_that_freeze_everything_agree(tiny):
    found = {fingerprint(tiny.model(method)) for method in FREEZING}
    assert len(found) == 1


def test_methods_that_freeze_other_weights_differ(tiny):
    chosen = ("houlsby", "last_layers", "full_fine_tuning")
    assert len({fingerprint(tiny.model(method)) for method in chosen}) == 3


@pytest.mark.parametrize("index", [0, 5, -1])
def test_a_frozen_weight_changes_it_by_its_last_bit(tiny, index):
    model = tiny.model()
    before = fingerprint(model)
    weight = model.encoder.pretrained_weights()[index]
    weight.assign(weight * (1 + 1e-6) + 1e-9)
    assert fingerprint(model) != before


def test_a_trained_weight_does_not_change_it(tiny):
    model = tiny.model("full_fine_tuning")
    before = fingerprint(model)
    for weight in model.encoder.pretrained_weights():
        weight.assign(weight + 1.0)
    assert fingerprint(model) == before


def test_freezing_the_model_does_not_change_it(tiny):
    model = tiny.model("full_fine_tuning")
    before = fingerprint(model)
    model.trainable = False
    assert fingerprint(model) == before


def test_the_architecture_changes_it_where_no_weight_does(tiny):
    model = tiny.model("full_fine_tuning")
    before = fingerprint(model)
    model.encoder._stock_config["layer_norm_epsilon"] = 1e-5
    assert fingerprint(model) != before


def test_the_compute_dtype_does_not_change_it(tiny):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        mixed = tiny.model(methods.Houlsby(4))
    finally:
        keras.config.set_dtype_policy("float32")
    assert mixed.encoder.compute_dtype == "bfloat16"
    assert fingerprint(mixed) == fingerprint(tiny.model())


def test_a_keras_file_brings_it_back(tiny, tmp_path):
    model = tiny.model()
    model.save(tmp_path / "model.keras")
    revived = keras.saving.load_model(tmp_path / "model.keras")
    assert fingerprint(revived) == fingerprint(model)

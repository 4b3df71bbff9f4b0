"""New tasks in the model of a finished run."""

import dataclasses

import pytest

from tf_adapters.data.examples import Examples
from tf_adapters.data.task import Task
from tf_adapters.methods import HyperFormerPlusPlus
from tf_adapters.runs import later_tasks
from tf_adapters.runs.later_tasks import with_later_tasks
from tf_adapters.training.config import TrainConfig

NEW = [
    Task(name=name, text_columns=("text",), labels=("no", "yes"))
    for name in ("fourth", "fifth")
]
CONFIG = TrainConfig(from_run="run", initialise_from="nearest")


@pytest.fixture
def add(make_model, monkeypatch):
    """Adds both tasks, and notes which tasks each could start from."""
    model = make_model(HyperFormerPlusPlus(4, 6, 5), 2)
    offered = []

    def nearest(model, examples, sequence_length):
        offered.append(list(model.task_names))
        return model.task_names[-1], {}

    monkeypatch.setattr(later_tasks, "load_bundles", lambda *_: model)
    monkeypatch.setattr(later_tasks, "nearest_task", nearest)

    def add(config):
        examples = {t.name: Examples(t, (["a"],), None) for t in NEW}
        return *with_later_tasks(None, config, examples), offered

    return add


def test_no_new_task_starts_from_another_new_one(add):
    model, starts, offered = add(CONFIG)
    old = model.task_names[:2]
    assert offered == [old, old]
    assert starts == {"fourth": old[1], "fifth": old[1]}


def test_losses_of_new_tasks_are_weighed(add):
    config = dataclasses.replace(CONFIG, loss_weights=("fifth=3",))
    model, _, _ = add(config)
    assert model.loss_weights == {"fifth": 3.0}
    assert list(model._task_loss.weights) == [1, 1, 1, 3]


@pytest.mark.parametrize("trains", ["own", "all"])
def test_what_is_shared_is_frozen_if_only_the_own_is_trained(add, trains):
    model, _, _ = add(dataclasses.replace(CONFIG, trains=trains))
    banks = {id(bank) for bank in model.banks().values()}
    trained = {id(w) for w in model.trainable_weights}
    assert trained == banks if trains == "own" else trained > banks

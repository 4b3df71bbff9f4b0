"""Puts new tasks into the model of a finished run."""

import types

from tf_adapters import storage
from tf_adapters.data.examples import Examples
from tf_adapters.evaluation.nearest import nearest_task
from tf_adapters.model.multi_task_classifier import MultiTaskClassifier
from tf_adapters.runs.restore import load_bundles
from tf_adapters.training.config import TrainConfig
from tf_adapters.training.config import pairs

NEAREST = "nearest"


def with_later_tasks(
    recipe: types.ModuleType,
    config: TrainConfig,
    train_examples: dict[str, Examples],
) -> tuple[MultiTaskClassifier, dict[str, str]]:
    """Loads the model of `config.from_run` and adds the tasks of this run.

    Args:
        recipe: the recipe's module.
        config: its `Config`, which must describe the model that was trained.
        train_examples: dict from the name of each new task to its examples.

    Returns:
        Tuple of the model, not compiled, and a dict from each new task to the
        task that it starts from, empty if they were drawn.

    Raises:
        FileNotFoundError: if there is no such run.
        ValueError: if its bundles do not fit `config`, or a task is there
            already or is not there to start from.
    """
    model = load_bundles(recipe, config, storage.as_path(config.from_run))
    # All of them first: a new task is none that another could start from.
    starts = {
        name: _start(model, config, examples)
        for name, examples in train_examples.items()
    }
    for name, examples in train_examples.items():
        model.add_task(examples.task, initialise_from=starts[name])
    model.loss_weights = pairs(config.loss_weights, "loss_weights", float)
    model.start_tasks()
    if config.trains == "own":
        model.freeze_shared()
    return model, {k: v for k, v in starts.items() if v is not None}


def _start(model, config, examples) -> str | None:
    if config.initialise_from == NEAREST:
        return nearest_task(model, examples, config.sequence_length)[0]
    return config.initialise_from or None

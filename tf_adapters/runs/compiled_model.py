"""The model that a run trains, on the devices that it trains on."""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from collections.abc import Mapping

from etils import epy

from tf_adapters.data.examples import Examples
from tf_adapters.runs.recipe import build_model
from tf_adapters.training.config import TrainConfig
from tf_adapters.training.datasets import check_executions
from tf_adapters.training.strategy import check_batch_size
from tf_adapters.training.strategy import chosen_strategy
from tf_adapters.training.strategy import make_strategy

with epy.lazy_imports():
    import tensorflow as tf

    from tf_adapters.model import multi_task_classifier
    from tf_adapters.runs import later_tasks
    from tf_adapters.training import optimizer
    from tf_adapters.training import watch


def start_strategy(
    config: TrainConfig, say: Callable[[str], None]
) -> tuple[watch.Watch, tf.distribute.Strategy]:
    """Chooses the devices, and waits for other workers if there are any.

    Args:
        config: the resolved `Config` of the run.
        say: function that tells what comes now.

    Returns:
        Tuple of what watches over the other workers, for ever if there are
        none, and the strategy.

    Raises:
        ValueError: if the strategy is not possible here.
    """
    name, reason = config.strategy, "as was asked for"
    if name == "auto":
        name, reason = chosen_strategy()
    say(f"Strategy {name}: {reason}")
    watching = watch.Watch(math.inf)
    if name == "multi_worker":
        watching = watch.Watch(config.worker_timeout)
        say("Waiting for the other workers")
    with watching.watching():
        return watching, make_strategy(name)


def compiled_model(
    recipe: types.ModuleType,
    config: TrainConfig,
    train_examples: Mapping[str, Examples],
    steps: int,
    strategy: tf.distribute.Strategy,
) -> tuple[multi_task_classifier.MultiTaskClassifier, dict[str, str]]:
    """Builds the model of a run and compiles it.

    Args:
        recipe: the recipe's module.
        config: its resolved `Config`.
        train_examples: dict from the names of the tasks to what they train on.
        steps: int. Those of an epoch.
        strategy: what the variables are made under; workers make them
            together.

    Returns:
        Tuple of the model, and a dict from the name of a task that comes later
        to the one that it started from.

    Raises:
        ValueError: if batches or settings do not fit the devices.
    """
    check_batch_size(config.batch_size, strategy, config.accumulate_steps)
    check_executions(
        config.steps_per_execution, steps, strategy.num_replicas_in_sync
    )
    started_from: dict[str, str] = {}
    with strategy.scope():
        if config.from_run:
            model, started_from = later_tasks.with_later_tasks(
                recipe, config, train_examples
            )
        else:
            tasks = [examples.task for examples in train_examples.values()]
            model = build_model(recipe, config, tasks)
        model.compile(
            optimizer.make_optimizer(config, steps * config.num_epochs),
            accumulate_steps=config.accumulate_steps,
            recompute=config.recompute,
            steps_per_execution=config.steps_per_execution,
            jit_compile=config.jit_compile,
        )
    return model, started_from

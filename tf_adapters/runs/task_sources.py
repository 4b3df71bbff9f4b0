"""Finds the data of the tasks that a run names."""

from tf_adapters.data.lookup import unknown_name
from tf_adapters.data.sources.declared import load_sources
from tf_adapters.data.sources.demo import DEMO_TASKS
from tf_adapters.data.sources.demo import demo_source
from tf_adapters.data.sources.glue import GLUE_TASKS
from tf_adapters.data.sources.glue import glue_source
from tf_adapters.data.sources.tfds import tfds_source
from tf_adapters.training.config import TrainConfig

DIAGNOSTIC = "ax"


def task_sources(config: TrainConfig) -> dict:
    """Returns where the examples of each task of a run are.

    Args:
        config: a `TrainConfig`. Its `data_dir`, `task_file` or `tfds` says
            which tasks there are; without any, the demo tasks.

    Returns:
        dict from task name to source, in the order of `config.tasks`; if that
        is empty, every task of a task file, or all demo tasks.

    Raises:
        ValueError: if a task is not known, is named twice, or cannot be
            trained on.
        FileNotFoundError: if its files are missing.
    """
    known, find = _known(config)
    names = config.tasks or (known if not _is_glue(config) else ())
    if not names:
        raise ValueError(
            "`tasks` must name the GLUE tasks to train. Received none. Write, "
            "say, --tasks cola rte."
        )
    if len(set(names)) < len(names):
        raise ValueError(
            f"`tasks` must name each task once. Received: {', '.join(names)}."
        )
    for name in names:
        if name not in known:
            raise ValueError(
                unknown_name("task", name, known) + _where(config, name)
            )
    return {name: find(name) for name in names}


def diagnostic_source(config: TrainConfig, names: list[str]):
    """Returns the source of GLUE's AX set if the run can predict it.

    Args:
        config: a `TrainConfig`.
        names: the tasks of the run. MNLI's head predicts AX.

    Returns:
        A source, or `None` without `mnli`, or where the set is not found.
    """
    if "mnli" not in names or not _is_glue(config):
        return None
    try:
        return _known(config)[1](DIAGNOSTIC)
    except FileNotFoundError:
        return None


def _is_glue(config):
    return bool(config.data_dir or config.tfds)


def _known(config):
    trainable = [name for name in GLUE_TASKS if name != DIAGNOSTIC]
    if config.data_dir:
        return trainable, lambda name: glue_source(name, config.data_dir)
    if config.tfds:
        return trainable, tfds_source
    if config.task_file:
        sources = load_sources(config.task_file)
        return list(sources), sources.__getitem__
    return list(DEMO_TASKS), demo_source


def _where(config, name):
    if _is_glue(config) or config.task_file or name not in GLUE_TASKS:
        return ""
    return (
        " These are the demo tasks; for GLUE give --data_dir, a folder with "
        "its files, or --tfds."
    )

"""The settings of a training and its final scores, for the tab HParams."""

from __future__ import annotations

from tensorboard.plugins.hparams import summary_v2 as hparams

from tf_adapters.evaluation.metrics import mean_score
from tf_adapters.model import parameters
from tf_adapters.tensorboard.panel import scalar

# What says where, or how often, and nothing about what is learned.
_NO_SETTINGS = (
    "checkpoint_steps",
    "data_dir",
    "export",
    "from_run",
    "output_dir",
    "predict",
    "resume",
    "task_file",
    "tensorboard",
    "tfds",
    "worker_timeout",
)


def session(settings: dict, model, name: str):
    """Returns the settings of a training as one message.

    TensorBoard takes the domain of each setting from the runs that it
    compares: those that a recipe does not have are blank.

    Args:
        settings: dict from a name to a value.
        model: the model in training, whose method counts as settings too.
        name: str. Tells the training apart from others of the same settings.
    """
    method = model.method
    found = {"method": type(method).__name__, **method.get_config(), **settings}
    values = {
        name: _value(value)
        for name, value in found.items()
        if name not in _NO_SETTINGS and value is not None
    }
    return hparams.hparams_pb(values, trial_id=name)


def scores(model, dev: dict[str, dict[str, float]]) -> list:
    """Returns the final scores, and what they cost, as messages.

    Args:
        model: the model that was trained.
        dev: dict from the name of a dev set to its scores.
    """
    percent = parameters.trainable_percent(model)
    found = [scalar("final/trained_percent", percent, _PERCENT)]
    if dev:
        found.append(scalar("final/mean", mean_score(dev), _MEAN))
    return found + [
        scalar(f"final/{task}/{metric}", value, _SCORE)
        for task, own in dev.items()
        for metric, value in own.items()
    ]


def _value(value):
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return value if isinstance(value, bool | int | float | str) else str(value)


_PERCENT = "Weights that were trained, in percent of the pretrained ones."
_MEAN = "Mean over the tasks of the mean of the metrics of each."
_SCORE = "Score of the whole dev set with the weights that are kept."

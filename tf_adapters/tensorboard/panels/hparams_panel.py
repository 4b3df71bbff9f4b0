"""A row of the table in the tab HParams: settings and final scores."""

import time

from tensorboard.plugins.hparams import api_pb2
from tensorboard.plugins.hparams import summary
from tensorboard.plugins.hparams import summary_v2

from tf_adapters import storage
from tf_adapters.evaluation.metrics import mean_score
from tf_adapters.model import parameters
from tf_adapters.tensorboard.panels.panel import Panel
from tf_adapters.tensorboard.panels.panel import scalar

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


class HParamsPanel(Panel):
    """Writes the settings, and at the end the scores, into `final/`.

    A folder of its own, because TensorBoard takes each scalar beside the
    settings for a column of the table.
    """

    run = "final"

    def begin(self) -> list:
        """Returns the settings."""
        training = self.training
        return [
            session(
                training.settings, training.model, row_name(training.log_dir)
            )
        ]

    def end(self, scores: dict[str, dict[str, float]]) -> list:
        """Returns the final scores, and that the training has ended."""
        ended = summary.session_end_pb(api_pb2.STATUS_SUCCESS, time.time())
        return [*final_scores(self.training.model, scores), ended]


def row_name(log_dir) -> str:
    """Returns what a training is called: its folder, then where that is.

    TensorBoard shows the first letters, and puts rows of one name together.

    Args:
        log_dir: str or path.
    """
    path = storage.as_path(log_dir)
    own = path.parent if path.name == "logs" else path
    return f"{own.name} in {own.parent}"


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
    return summary_v2.hparams_pb(values, trial_id=name)


def final_scores(model, dev: dict[str, dict[str, float]]) -> list:
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

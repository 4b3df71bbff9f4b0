"""A row of the table in the tab HParams."""

import time

from tensorboard.plugins.hparams import api_pb2
from tensorboard.plugins.hparams import summary

from tf_adapters.tensorboard import hyperparameters
from tf_adapters.tensorboard.panel import Panel


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
            hyperparameters.session(
                training.settings, training.model, str(training.log_dir)
            )
        ]

    def end(self, scores: dict[str, dict[str, float]]) -> list:
        """Returns the final scores, and that the training has ended."""
        ended = summary.session_end_pb(api_pb2.STATUS_SUCCESS, time.time())
        return [*hyperparameters.scores(self.training.model, scores), ended]

"""The trials of a search in TensorBoard's HParams tab."""

import pathlib
from typing import Any

import tensorflow as tf
from tensorboard.plugins.hparams import api as hp
from tensorboard.plugins.hparams import api_pb2
from tensorboard.plugins.hparams import summary

from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import Range

SCORE = "score"


def write_experiment(
    folder: pathlib.Path, space: dict[str, Range], metrics: list[str]
) -> None:
    """Says what is searched and by what it is judged, once for a search.

    Args:
        folder: that of all logs.
        space: dict from a setting to its range.
        metrics: tags of scalars beside the score.
    """
    if list(folder.glob("*tfevents*")):
        return
    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default(step=0):
        hp.hparams_config(
            [hp.HParam(name, _domain(own)) for name, own in space.items()],
            [
                hp.Metric(SCORE, display_name="mean dev score"),
                *(hp.Metric(tag) for tag in metrics),
            ],
        )
    writer.close()


class TrialLog:
    """What TensorBoard is told of one trial.

    Args:
        folder: that of the trial. One that a killed process has left goes on.
        values: what it tries.
    """

    def __init__(self, folder: pathlib.Path, values: dict[str, Any]) -> None:
        goes_on = bool(list(folder.glob("*tfevents*")))
        self._writer = tf.summary.create_file_writer(str(folder))
        if not goes_on:
            with self._writer.as_default(step=0):
                hp.hparams(values, trial_id=folder.name)
            self._writer.flush()

    def epoch(self, step: int, score: float) -> None:
        """Notes the mean dev score after an epoch."""
        with self._writer.as_default(step=step):
            tf.summary.scalar("dev/mean", score)
        self._writer.flush()

    def end(self, scalars: dict[str, float], is_good: bool) -> None:
        """Notes the scores of the trial, and whether it came to them."""
        status = api_pb2.STATUS_SUCCESS if is_good else api_pb2.STATUS_FAILURE
        with self._writer.as_default(step=0):
            for tag, value in scalars.items():
                tf.summary.scalar(tag, value)
            end = summary.session_end_pb(status)
            tf.summary.experimental.write_raw_pb(end.SerializeToString())
        self._writer.close()


def _domain(range_: Range) -> hp.Domain:
    if isinstance(range_, Between):
        return hp.RealInterval(float(range_.low), float(range_.high))
    return hp.Discrete(range_.values)

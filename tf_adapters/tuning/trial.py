"""Trains one trial of a search: a run for each of its seeds."""

import json
import math
import pathlib
import statistics

import keras
from optuna.trial import TrialState

from tf_adapters.runs.run import Run
from tf_adapters.runs.scores import evaluate
from tf_adapters.tuning import hparams
from tf_adapters.tuning.search import Search


class CutShort(Exception):
    """Ends a trial that is worse than others were."""


class AsksAfterEachEpoch(keras.callbacks.Callback):
    """Notes the dev score of each epoch, and ends what is not worth going on.

    Put it after the callback that scores the dev sets.

    Args:
        search: the `Search`.
        number: int. The trial.
        before: int. Epochs of the trial that came before, of its other seeds.
        log: the `TrialLog`.
    """

    def __init__(
        self, search: Search, number: int, before: int, log: hparams.TrialLog
    ) -> None:
        super().__init__()
        self.search = search
        self.number = number
        self.before = before
        self.log = log

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Notes the score.

        Raises:
            CutShort: if the trial is worse than the median of the others.
        """
        step, score = self.before + epoch, float(logs["val_mean"])
        if self.search.report(self.number, step, score):
            self.log.epoch(step, score)
        search = self.search
        planned = search.plan.num_seeds * search.config.num_epochs
        # After the last of them there is nothing to save.
        if step + 1 < planned and self.search.should_stop(self.number):
            raise CutShort


def train_trial(search: Search, number: int, runs: list[Run]) -> None:
    """Trains a trial to its end, going on where a killed process has left it.

    Args:
        search: the search.
        number: the trial, which `Search.claim` has given to this process.
        runs: gets each run that begins, for whoever wants to stop it.

    Raises:
        StopTraining: if a run was stopped. The trial can go on.
        ValueError, OSError: if settings or data are wrong.
    """
    values = search.values(number)
    log = hparams.TrialLog(search.logs / f"{number:04d}", values)
    found = []
    for index in range(search.plan.num_seeds):
        try:
            metrics = _train(search, number, index, log, runs)
        except CutShort:
            search.finish(number, TrialState.PRUNED)
            log.end({hparams.SCORE: _best_so_far(search, number)}, True)
            runs[-1].directory.finish()
            return
        if metrics is None:
            # It tells the search that such settings are bad ones.
            search.finish(number, TrialState.PRUNED)
            log.end({}, is_good=False)
            return
        found.append(metrics)
    score = statistics.mean(metrics["mean"] for metrics in found)
    scalars = _means([metrics["dev"] for metrics in found])
    hparams.write_experiment(search.logs, search.space, list(scalars))
    log.end({hparams.SCORE: score, **scalars}, is_good=True)
    search.finish(number, TrialState.COMPLETE, score)


def _train(search, number, index, log, runs) -> dict | None:
    """Returns the metrics of one run, `None` if it has diverged."""
    config = search.run_config(number, index)
    metrics = _finished(pathlib.Path(config.output_dir))
    if metrics is not None:
        return metrics
    run = Run(search.plan.recipe, search.recipe, config, config.output_dir)
    runs.append(run)
    try:
        before = index * config.num_epochs
        run.fit([AsksAfterEachEpoch(search, number, before, log)])
        if run.diverged:
            return None
        metrics = evaluate(run)
        run.directory.finish()
        return metrics
    finally:
        run.directory.release()


def _finished(folder: pathlib.Path) -> dict | None:
    """Reads the metrics of a run, if it has ended before."""
    path = folder / "metrics.json"
    if not path.is_file() or (folder / "checkpoints").exists():
        return None
    return json.loads(path.read_text("utf-8"))


def _best_so_far(search: Search, number: int) -> float:
    reported = search.trials[number].intermediate_values.values()
    return max((v for v in reported if not math.isnan(v)), default=math.nan)


def _means(each: list[dict]) -> dict[str, float]:
    """Returns the mean over seeds of every metric, by the tag of a scalar."""
    return {
        f"dev/{task}/{metric}": statistics.mean(
            dev[task][metric] for dev in each
        )
        for task, own in each[0].items()
        for metric in own
    }

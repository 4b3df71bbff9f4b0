"""A search on disk: what is tried, by whom, and what came of it."""

import copy
import dataclasses
import fcntl
import functools
import os
import pathlib
from typing import Any

import filelock
import numpy as np
import optuna
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from tf_adapters.runs.config_file import config_of
from tf_adapters.runs.recipe import load_recipe
from tf_adapters.training.config import TrainConfig
from tf_adapters.tuning.plan import Plan
from tf_adapters.tuning.ranges import Between
from tf_adapters.tuning.ranges import Range

_NAME = "search"
_DONE = (TrialState.COMPLETE, TrialState.PRUNED)
_SECOND_TRY = "second_try"


class Search:
    """The folder of a search, which several processes may share.

        study.db          Optuna's storage, SQLite
        trials/0003/      what trial 3 wrote: a run directory for each seed
        logs/             TensorBoard's HParams tab
        best.sh           the command of the best settings

    Args:
        folder: the folder, made if there is none.
        plan: a `Plan`; `None` for that of the search that is there.

    Raises:
        ValueError: if another search has begun there.
    """

    def __init__(self, folder: pathlib.Path, plan: Plan | None = None) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.lock = filelock.FileLock(folder / "study.lock")
        with self.lock:
            self._storage = optuna.storages.RDBStorage(
                f"sqlite:///{folder / 'study.db'}",
                # Others may be writing.
                engine_kwargs={"connect_args": {"timeout": 60}},
            )
            self._study = optuna.create_study(
                storage=self._storage,
                study_name=_NAME,
                direction="maximize",
                load_if_exists=True,
            )
            self.plan = self._begin(plan)
        self._study.pruner = optuna.pruners.MedianPruner(
            n_startup_trials=self.plan.prune_after
        )

    def _begin(self, plan: Plan | None) -> Plan:
        written = self._study.user_attrs.get("plan")
        if written is None:
            if plan is None:
                raise ValueError(f"No search has begun in `{self.folder}`.")
            self._study.set_user_attr("plan", dataclasses.asdict(plan))
            return plan
        begun = Plan(**written)
        if plan is not None:
            begun.check_same(plan, self.folder)
        return begun

    @functools.cached_property
    def recipe(self):
        """The module of the recipe."""
        return load_recipe(self.plan.recipe)

    @functools.cached_property
    def config(self) -> TrainConfig:
        """The settings of all trials, as they are where nothing is tried."""
        return config_of(self.recipe, dict(self.plan.settings))

    @property
    def space(self) -> dict[str, Range]:
        """What is tried."""
        return self.plan.ranges(self.config)

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials, by their numbers."""
        return self._study.get_trials(deepcopy=False)

    def claim(self, num_trials: int) -> tuple[int, int] | None:
        """Finds the next trial that this process shall carry out.

        Args:
            num_trials: trials that the search shall have. Of a grid it has as
                many as there are points.

        Returns:
            Tuple of the number of the trial, which may be one that a killed
            process has left, and of a file descriptor: as long as that is
            open, here or in a child, it is nobody else's. `None` if all are
            done or others are at them.
        """
        with self.lock:
            self._enqueue()
            running = 0
            for trial in self._in_state(TrialState.RUNNING):
                lock = self._try_lock(trial.number)
                if lock is None:
                    running += 1
                elif set(trial.params) == set(self.space):
                    return trial.number, lock
                else:
                    # Its process was killed before it knew what to try.
                    self._enqueue_again(trial)
                    self.finish(trial.number, TrialState.FAIL)
                    os.close(lock)
            waiting = self._in_state(TrialState.WAITING)
            enough = len(self._in_state(*_DONE)) + running >= num_trials
            if not waiting and (self.plan.grid or enough):
                return None
            number = self._ask()
            return number, self._try_lock(number)

    def _enqueue(self) -> None:
        """Puts what is tried first in front, once."""
        for point in self.plan.first_points(self.config):
            self._study.enqueue_trial(point, skip_if_exists=True)

    def _enqueue_again(self, trial: FrozenTrial) -> None:
        point = _point(trial)
        if point:
            self._study.enqueue_trial(point)

    def _ask(self) -> int:
        trial = self._study.ask()
        # What it draws depends on its number and on what came of the others,
        # not on which process asks.
        seeds = np.random.SeedSequence([self.config.seed, trial.number])
        self._study.sampler = optuna.samplers.TPESampler(
            seed=int(seeds.generate_state(1)[0])
        )
        for name, range_ in self.space.items():
            if isinstance(range_, Between):
                trial.suggest_float(
                    name, range_.low, range_.high, log=range_.is_logarithmic
                )
            else:
                trial.suggest_categorical(name, range_.values)
        return trial.number

    def _in_state(self, *states: TrialState) -> list[FrozenTrial]:
        return [trial for trial in self.trials if trial.state in states]

    def _try_lock(self, number: int) -> int | None:
        path = self.trial_folder(number) / "lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(path, os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        return lock

    @property
    def logs(self) -> pathlib.Path:
        """Folder of the TensorBoard logs."""
        return self.folder / "logs"

    def trial_folder(self, number: int) -> pathlib.Path:
        """Returns the folder of a trial."""
        return self.folder / "trials" / f"{number:04d}"

    def values(self, number: int) -> dict[str, Any]:
        """Returns what a trial tries, by the name of the setting."""
        params = self.trials[number].params
        return {k: r.rounded(params[k]) for k, r in self.space.items()}

    def run_config(self, number: int, index: int) -> TrainConfig:
        """Returns the settings of one run of a trial.

        Args:
            number: the trial.
            index: which of its seeds.
        """
        return dataclasses.replace(
            self.config,
            **self.values(number),
            seed=self.config.seed + index,
            output_dir=str(self.trial_folder(number) / f"seed-{index}"),
        )

    def report(self, number: int, step: int, score: float) -> bool:
        """Notes a dev score, unless one of that step is there.

        Args:
            number: the trial.
            step: epochs of it that are over, those of all its seeds, from 0.
            score: the mean dev score after the last of them.

        Returns:
            Whether it is new.
        """
        trial = self.trials[number]
        if step in trial.intermediate_values:
            return False
        study = self._storage.get_study_id_from_name(_NAME)
        trial_id = self._storage.get_trial_id_from_study_id_trial_number(
            study, number
        )
        self._storage.set_trial_intermediate_value(trial_id, step, score)
        return True

    def should_stop(self, number: int) -> bool:
        """Whether a trial is worse than the median of those that finished.

        Its best score is that of the seed at work, which is held to the scores
        of the same seed after as many epochs.

        Args:
            number: the trial.
        """
        if not self.plan.prune_after:
            return False
        trial = copy.copy(self.trials[number])
        epochs = self.config.num_epochs
        first = (trial.last_step or 0) // epochs * epochs
        trial.intermediate_values = {
            step: score
            for step, score in trial.intermediate_values.items()
            if step >= first
        }
        return self._study.pruner.prune(self._study, trial)

    def finish(
        self, number: int, state: TrialState, score: float | None = None
    ) -> None:
        """Notes the end of a trial.

        Args:
            number: the trial.
            state: `COMPLETE`, `PRUNED` or `FAIL`.
            score: the score of one that is complete.
        """
        self._study.tell(number, score, state=state, skip_if_finished=True)

    def try_again(self, number: int) -> None:
        """Lets the point of a trial be tried once more, a second time at most.

        Call it before `finish`. Nothing is to be done for a trial whose point
        was drawn: another is drawn in its place.

        Args:
            number: a trial whose own process was killed.
        """
        with self.lock:
            point = _point(self.trials[number])
            again = [_point(t) for t in self.trials if _is_second_try(t)]
            if point and point not in again:
                self._study.enqueue_trial(point, {_SECOND_TRY: True})

    def is_second_try(self, number: int) -> bool:
        """Whether a trial is there because of `try_again`."""
        return _is_second_try(self.trials[number])

    def failed_points(self) -> list[dict[str, Any]]:
        """Returns the points of a grid whose trials have all failed."""
        if not self.plan.grid:
            return []
        others = [_point(t) for t in self.trials if t.state != TrialState.FAIL]
        points = self.plan.first_points(self.config)
        return [point for point in points if point not in others]

    def best(self) -> FrozenTrial | None:
        """Returns the trial with the best score, `None` before there is one."""
        complete = self._in_state(TrialState.COMPLETE)
        return max(complete, key=lambda trial: trial.value, default=None)


def _is_second_try(trial: FrozenTrial) -> bool:
    return trial.user_attrs.get(_SECOND_TRY, False)


def _point(trial: FrozenTrial) -> dict[str, Any]:
    """Returns what a trial had to try, empty if that was to be drawn."""
    return trial.system_attrs.get("fixed_params", {})

"""One training run: its data, its model, and what it leaves behind."""

from __future__ import annotations

import dataclasses
import math
import signal
import sys
import tempfile
import types
from collections.abc import Sequence

from etils import epy

from tf_adapters import evaluation
from tf_adapters import storage
from tf_adapters.runs.compiled_model import compiled_model
from tf_adapters.runs.compiled_model import start_strategy
from tf_adapters.runs.run_directory import RunDirectory
from tf_adapters.runs.task_sources import task_sources
from tf_adapters.tensorboard.groups import drawable
from tf_adapters.training.config import TrainConfig
from tf_adapters.training.datasets import TrainingSet
from tf_adapters.training.datasets import make_mixture
from tf_adapters.training.datasets import read_dev
from tf_adapters.training.datasets import read_split
from tf_adapters.training.datasets import steps_per_epoch
from tf_adapters.training.datasets import training_set
from tf_adapters.training.datasets import unseen_labels
from tf_adapters.training.strategy import is_chief

# What is wrong with settings or data is said before TensorFlow is imported.
with epy.lazy_imports():
    import keras
    import tensorflow as tf

    from tf_adapters import tensorboard
    from tf_adapters.training import agreement
    from tf_adapters.training import callbacks
    from tf_adapters.training import checkpoints
    from tf_adapters.training import progress
    from tf_adapters.training import resumable

# What may be found elsewhere by another worker.
_PLACES = ("data_dir", "task_file", "preset", "from_run", "output_dir")


class Run:
    """Everything between a configuration and a run directory.

    Args:
        name: str. Name of the recipe, noted in `config.json`.
        recipe: the recipe's module.
        config: its resolved `Config`.
        output_dir: str. A new folder, or that of a run that has not ended,
            with which this one goes on.

    Raises:
        ValueError, OSError: if settings or data are wrong; nothing has been
            trained then.
    """

    def __init__(
        self,
        name: str,
        recipe: types.ModuleType,
        config: TrainConfig,
        output_dir: str,
    ) -> None:
        self.is_chief = is_chief(config.strategy)
        self._checkpoints = storage.as_path(output_dir) / "checkpoints"
        if self.is_chief:
            self.directory = RunDirectory(output_dir, config.resume)
        else:
            # The others do the same, since they compute together, and what
            # they write is not wanted.
            self._unwanted = tempfile.TemporaryDirectory()
            self.directory = RunDirectory(self._unwanted.name)
        self.sources = task_sources(config)
        # What is written down names the tasks, though the user may not have.
        self.config = config = dataclasses.replace(
            config, tasks=tuple(self.sources), output_dir=output_dir
        )
        self.directory.check_settings(name, config)
        self.train_examples = read_split(
            self.sources, "train", config.max_examples, config.seed
        )
        self.dev_examples = read_dev(self.sources)
        self.say(f"Writing to {output_dir}")
        for task, examples in self.train_examples.items():
            dev = len(self.dev_examples[task])
            self.say(
                f"{task}: {len(examples):,} examples to train, {dev:,} dev"
            )
            for label in unseen_labels(examples):
                self.say(f"{task}: no row to train has the label {label!r}")
        self.say(f"Loading {config.preset}")
        keras.utils.set_random_seed(config.seed)
        if config.deterministic:
            tf.config.experimental.enable_op_determinism()
        steps = steps_per_epoch(
            config, make_mixture(config, self.train_examples)
        )
        self.watch, strategy = start_strategy(config, self.say)
        with self.watch.watching():
            self.model, self.started_from = compiled_model(
                recipe, config, self.train_examples, steps, strategy
            )
        self.say("Tokenising")
        self.training_set: TrainingSet = training_set(
            self.model, self.train_examples, config
        )
        self.predictor = evaluation.Predictor(
            self.model, config.sequence_length, callbacks=[self.watch]
        )
        self.directory.write_config(
            name,
            config,
            [k for k in self.model.task_names if k not in self.sources],
        )
        self.board = self._board(name)
        self.best = callbacks.BestEpoch()
        self.timer = callbacks.StepTimer()
        self.checkpoints = resumable.Checkpoints(
            self.directory.checkpoints,
            config.checkpoint_steps,
            self.training_set.steps_per_epoch,
            self.best,
            self.training_set.digest,
            agreement.Agreement(self.model.distribute_strategy),
            writes=self.is_chief,
        )
        self._is_training = False
        self._resume()

    def stop(self) -> None:
        """Ends the run so that it can go on, at once or after this step.

        Raises:
            StopTraining: if it is not training, but scores or writes.
        """
        self.checkpoints.stop_requested = True
        if not self._is_training:
            raise checkpoints.StopTraining

    def fit(self, extra: Sequence[keras.callbacks.Callback] = ()) -> bool:
        """Trains, and puts the weights of the best epoch back.

        Args:
            extra: further callbacks. They see the dev scores in the logs of an
                epoch, before its checkpoint is written.

        Returns:
            Whether training ran to its end; Ctrl-C ends it early.

        Raises:
            StopTraining: if `stop` has ended it, with a checkpoint.
        """
        finished = True
        has_bar = sys.stdout.isatty()
        has_lines = self.is_chief and not has_bar
        self._is_training = True
        before = signal.getsignal(signal.SIGINT)
        if math.isfinite(self.watch.seconds):
            # Workers end after the same step.
            signal.signal(signal.SIGINT, self._on_interrupt)
        try:
            with self.watch.watching():
                resumable.fit_from(
                    self.model,
                    self.training_set,
                    self.checkpoints.step,
                    self.config.num_epochs,
                    verbose=(1 if has_bar else 2) if self.is_chief else 0,
                    callbacks=[
                        self.watch,
                        *(self._lines() if has_lines else []),
                        callbacks.DevScores(self.predictor, self.dev_examples),
                        callbacks.DrawnShares(self.training_set),
                        self.best,
                        self.timer,
                        self.board,
                        keras.callbacks.TerminateOnNaN(),
                        *extra,
                        self.checkpoints,
                    ],
                )
        except KeyboardInterrupt:
            finished = False
        finally:
            self._is_training = False
            signal.signal(signal.SIGINT, before)
        if self.checkpoints.stopped or self.checkpoints.stop_requested:
            raise checkpoints.StopTraining
        self.best.restore()
        return finished

    def _board(self, name: str) -> tensorboard.TensorBoard:
        groups, missing = drawable(self.config.tensorboard)
        if missing:
            self.say(missing)
        board = tensorboard.TensorBoard(
            self.directory.logs,
            groups,
            training_set=self.training_set,
            dev=self.dev_examples,
            predictor=self.predictor,
            settings={"recipe": name, **dataclasses.asdict(self.config)},
            replace=True,
            ends_with_fit=False,
        )
        # Before a checkpoint puts other weights in their place.
        board.set_model(self.model)
        return board

    def _on_interrupt(self, *_) -> None:
        self.checkpoints.interrupt_requested = True

    def _lines(self) -> list[keras.callbacks.Callback]:
        epochs = self.config.num_epochs
        return [progress.Progress(self.checkpoints, epochs)]

    @property
    def history(self) -> list[dict[str, float]]:
        """The logs of each epoch that is over."""
        return self.checkpoints.history

    def _resume(self) -> None:
        """Goes on from the last checkpoint, if there is one."""
        state = checkpoints.last_state(self._checkpoints)
        self._agree(0 if state is None else state.step)
        if state is None:
            return
        with self.model.distribute_strategy.scope():
            self.model.optimizer.build(self.model.trainable_variables)
        # `fit` would, but there may be nothing left to train.
        for callback in (self.checkpoints, self.best):
            callback.set_model(self.model)
        self.checkpoints.restore(state)
        self.board.start_from(state.step)
        steps = self.training_set.steps_per_epoch
        total = steps * self.config.num_epochs
        self.say(f"Going on from step {state.step} of {total}")

    def _agree(self, step: int) -> None:
        """Refuses what differs from worker to worker."""
        settings = dataclasses.asdict(self.config)
        settings = {k: v for k, v in settings.items() if k not in _PLACES}
        with self.watch.watching():
            is_same = self.checkpoints.agreement.is_same
            is_one_run = is_same(f"{settings} {self.training_set.digest}")
            is_one_state = is_same(str(step))
        if not is_one_run:
            raise ValueError(
                "All workers must be given the same command and the same data. "
                "Received other settings or examples in one of them than in "
                f"another; here those of `{self.directory.path}`. Processes "
                "that shall train alone take strategy='one_device'."
            )
        if not is_one_state:
            raise ValueError(
                "All workers must go on from the same checkpoint. Received "
                f"step {step} here and another elsewhere. Give them all an "
                "`output_dir` that they share."
            )

    @property
    def diverged(self) -> bool:
        """Whether the last loss is not a number."""
        return bool(self.history) and not math.isfinite(
            self.history[-1]["loss"]
        )

    def say(self, stage: str) -> None:
        """Prints what comes now, also into a log file at once."""
        if self.is_chief:
            print(stage, flush=True)

"""The callback that shows a training in TensorBoard."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from collections.abc import Sequence

import keras
from keras import ops

from tf_adapters.data.examples import Examples
from tf_adapters.evaluation.dev_scores import add_dev_scores
from tf_adapters.evaluation.predictor import Predictor
from tf_adapters.tensorboard.budget import Budget
from tf_adapters.tensorboard.groups import GROUPS
from tf_adapters.tensorboard.groups import check_groups
from tf_adapters.tensorboard.groups import drawable
from tf_adapters.tensorboard.logs import Logs
from tf_adapters.tensorboard.looks import Looks
from tf_adapters.tensorboard.measures.dev_sample import DevSample
from tf_adapters.tensorboard.measures.layer_norms import LayerNorms
from tf_adapters.tensorboard.panels.by_group import make_panels
from tf_adapters.tensorboard.panels.panel import Panel
from tf_adapters.tensorboard.panels.panel import Training
from tf_adapters.tensorboard.panels.panel import Window
from tf_adapters.tensorboard.waiting import TimedSteps
from tf_adapters.tensorboard.waiting import stop_timing
from tf_adapters.tensorboard.waiting import time_steps
from tf_adapters.tensorboard.weights import ScoredWeights


class TensorBoard(keras.callbacks.Callback):
    """Shows a training of several tasks in all tabs of TensorBoard.

    Of several processes that train together, the first writes. A training
    that goes on from a checkpoint writes no step twice: what was written of
    later steps is taken out. `docs/tensorboard.md` has what each tab shows.

    Args:
        log_dir: str or path. The folder of the training, local or one that
            TensorFlow opens, such as `gs://bucket/folder`.
        groups: sequence of names out of `GROUPS`, what is shown. Defaults to
            `None`, all of them. Images need matplotlib and are left out,
            with a warning, where it is missing.
        training_set: the `TrainingSet` whose `dataset` is trained on. Defaults
            to `None`: tokens, padding and shares of tasks are then unknown.
        dev: dict from a name to labelled `Examples`. They are scored at the
            end of each epoch, unless a callback before this one has put
            `val_mean` among its logs. Defaults to none.
        predictor: the `Predictor` for `dev`. Defaults to one of the model,
            which needs a tokenizer.
        settings: mapping from the name of a setting to its value, for HParams.
            Defaults to none.
        every: int. Steps between two points of a curve. Defaults to 10.
        budget: float. The most of the time of the training that may be spent
            on what has to be computed. Such groups are written after as many
            epochs as it pays for beside the end, and then. Defaults to 0.03.
        replace: bool. Whether a training that begins takes out what it finds
            in `log_dir`. Defaults to `False`.
        ends_with_fit: bool. Whether `fit` ends the training. If not, call
            `finish` after it. Defaults to `True`.

    Raises:
        ValueError: if a group is unknown, a number is not positive, or a
            training begins in the folder of another.

    Example:

    >>> train = tf_adapters.training_set(model, examples, config)
    >>> board = tf_adapters.TensorBoard("logs", training_set=train, dev=dev)
    >>> model.fit(
    ...     train.dataset,
    ...     epochs=3,
    ...     steps_per_epoch=train.steps_per_epoch,
    ...     callbacks=[board],
    ... )
    """

    def __init__(
        self,
        log_dir,
        groups: Sequence[str] | None = None,
        training_set=None,
        dev: Mapping[str, Examples] | None = None,
        predictor: Predictor | None = None,
        settings: Mapping[str, object] | None = None,
        every: int = 10,
        budget: float = 0.03,
        replace: bool = False,
        ends_with_fit: bool = True,
    ) -> None:
        super().__init__()
        groups = GROUPS if groups is None else tuple(groups)
        check_groups(groups)
        for name, value in {"every": every, "budget": budget}.items():
            if value <= 0:
                raise ValueError(
                    f"`{name}` must be positive. Received: {name}={value}."
                )
        self.groups, line = drawable(groups)
        if line:
            warnings.warn(line, stacklevel=2)
        self.log_dir = log_dir
        self.training_set = training_set
        self.dev = dict(dev or {})
        self.predictor = predictor
        self.settings = dict(settings or {})
        self.every = every
        self.replace = replace
        self.ends_with_fit = ends_with_fit
        self.budget = Budget(budget)
        self._logs = Logs(log_dir)
        self._panels: dict[str, Panel] = {}
        self._layer_norms: LayerNorms | None = None
        self._sample: DevSample | None = None
        self._scored = ScoredWeights(self.dev)
        self._timed: TimedSteps | None = None
        self._step = self._epoch_began_at = self._written = 0
        self._looks: Looks | None = None
        self._mark = 0.0
        self._is_new_epoch = False

    @property
    def writes(self) -> bool:
        """Whether this process writes, and not another for it."""
        return self.model.distribute_strategy.extended.should_save_summary

    def start_from(self, step: int) -> None:
        """Says how many steps were done of a training that goes on."""
        self._step = step

    def set_model(self, model) -> None:
        """Remembers the weights that everything starts from."""
        super().set_model(model)
        if self._layer_norms is None and self.groups:
            self._layer_norms = LayerNorms(model)

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Writes what is known before the first step."""
        self._count_steps()
        if "speed" in self.groups:
            self._timed = time_steps(self.model, self._timed)
        self._begin()

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Notes where the epoch begins."""
        self._epoch_began_at = self._step
        self._is_new_epoch = True

    def on_train_batch_begin(
        self, batch: int, logs: dict | None = None
    ) -> None:
        """Starts the clock of an epoch."""
        if not self._is_new_epoch:
            return
        # No sooner: another callback may put the sums of an epoch back.
        self._is_new_epoch = False
        for panel in self._panels.values():
            panel.epoch_begins()
        self._start_clock()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Writes a point of each curve, if it is time."""
        self._step = self._epoch_began_at + batch + 1
        # What other callbacks do after an epoch is no part of its last steps.
        is_last = batch + 1 == self.params.get("steps")
        if is_last or self._step // self.every > self._written // self.every:
            # A GPU may still be at it.
            float(logs["loss"])
            self._write_steps()

    def on_test_begin(self, logs: dict | None = None) -> None:
        """Writes the last point of an epoch, before the sums are lost."""
        self._write_steps()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Writes what the epoch has shown."""
        self._write_steps()
        logs = {} if logs is None else logs
        if self.dev and "val_mean" not in logs:
            add_dev_scores(logs, self.predictor, self.dev)
        self._write(lambda own: own.epoch(logs))
        if self._panels:
            with self.budget.spending("scores"):
                self._scored.note(self.model, logs)
        if self._sample is not None:
            self._sample.forget()
        # The end of the training looks for itself.
        if self.writes and epoch + 1 != self.params.get("epochs"):
            self._looks.after_epoch(self.model, self._step)
        # Before a checkpoint says that the step was made.
        self._logs.flush()

    def on_train_end(self, logs: dict | None = None) -> None:
        """Writes what the end of the training shows."""
        stop_timing(self.model)
        if self.ends_with_fit:
            self.finish()

    def finish(self, scores: dict[str, dict[str, float]] | None = None) -> None:
        """Writes what the model shows now, at the last step.

        Args:
            scores: dict from the name of a dev set to its final scores.
                Defaults to those of the last epoch; if other weights were put
                in the place of its own, dev sets are scored again.
        """
        if not self._panels:
            # A run that was stopped when it had trained.
            self._count_steps()
            self._begin()
        if self._sample is not None:
            self._sample.forget()
        if self._panels and not self._scored.are_those_of(self.model):
            # As `EarlyStopping` does it: what was seen was of the others.
            self._looks.forget()
            if scores is None:
                self._scored.score_again(self.model, self.predictor)
        scores = self._scored.scores if scores is None else scores
        # What has to be computed, the first process computes for itself.
        if self.writes:
            self._looks.at_end(self.model, self._step)
        self._write(lambda own: own.end(scores))
        self._logs.close()

    def _count_steps(self) -> None:
        # Of float16, an optimizer does not count the steps that it leaves out.
        done = ops.convert_to_numpy(self.model.optimizer.iterations)
        self._step = self._written = max(int(done), self._step)

    def _begin(self) -> None:
        if self._panels:
            return
        self._make_panels()
        runs = [panel.run for panel in self._panels.values()]
        if self.writes and self._logs.open(runs, self._step, self.replace):
            self._write(lambda own: own.begin())
            self._logs.flush()

    def _make_panels(self) -> None:
        if self.predictor is None and self.dev:
            self.predictor = Predictor(self.model)
        if self.predictor is not None and self.dev:
            self._sample = DevSample(self.predictor, self.dev)
        training = Training(
            groups=self.groups,
            model=self.model,
            training_set=self.training_set,
            dev=self.dev,
            predictor=self.predictor,
            settings=self.settings,
            log_dir=self.log_dir,
            layer_norms=self._layer_norms,
            sample=self._sample,
        )
        self._panels = make_panels(self.groups, training)
        self._looks = Looks(self._panels, self.budget, self._logs)

    def _write_steps(self) -> None:
        if self._step == self._written:
            return
        now = time.perf_counter()
        window = Window(
            self._written,
            self._step,
            seconds=now - self._mark,
            waited=None if self._timed is None else self._timed.waited,
        )
        self.budget.trained += window.seconds
        self.budget.steps += window.last - window.first
        self._written = self._step
        with self.budget.spending("steps"):
            self._write(lambda own: own.steps(window))
            # Whatever a checkpoint says was done must be on disk.
            self._logs.flush()
        self._start_clock()

    def _write(self, ask) -> None:
        # All workers ask: what is summed over them, they sum together.
        found: dict[str, list] = {}
        for panel in self._panels.values():
            found.setdefault(panel.run, []).extend(ask(panel))
        if self.writes:
            for run, summaries in found.items():
                self._logs.put(run, self._step, summaries)

    def _start_clock(self) -> None:
        self._mark = time.perf_counter()
        if self._timed is not None:
            self._timed.waited = 0.0

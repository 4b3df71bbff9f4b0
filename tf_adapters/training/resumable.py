"""Training that leaves checkpoints, and goes on from the last of them."""

from typing import Any

import keras
import numpy as np
from keras import ops

from tf_adapters import storage
from tf_adapters.model.gradients import is_seed
from tf_adapters.training.agreement import Agreement
from tf_adapters.training.callbacks import BestEpoch
from tf_adapters.training.checkpoints import RunState
from tf_adapters.training.checkpoints import StopTraining
from tf_adapters.training.checkpoints import save_state


class Checkpoints(keras.callbacks.Callback):
    """Writes the state of a run every so many steps and after each epoch.

    A run that goes on from one ends in the weights of a run that was never
    stopped: variables that train, the state of the optimizer and of dropout,
    the sums of the losses of the epoch, and the best epoch are kept. Put it
    last: what other callbacks add to the logs of an epoch is kept too.

    Args:
        folder: where the checkpoints go.
        writes: bool. Whether this process writes them, and not another that
            trains together with it.
        every: int. Steps between two checkpoints.
        steps_per_epoch: int.
        best: the `BestEpoch` in use.
        data: str. A digest of what is trained on, and in which order.
        agreement: an `Agreement` of the workers that train together.

    Attributes:
        history: list of the logs of each epoch that is over.
        begun_at: int. Steps that were done when this epoch, or what was left
            of it, began.
        stop_requested: bool. Set it, as a signal handler does, to stop after
            the step that is being made, with a checkpoint; so do all workers
            if it is set in one.
        stopped: bool. Whether it has stopped so.
        interrupt_requested: bool. Set it to end as Ctrl-C ends a run, after
            the step that is being made; so do all workers if it is set in one.
    """

    def __init__(
        self,
        folder: storage.Path,
        every: int,
        steps_per_epoch: int,
        best: BestEpoch,
        data: str,
        agreement: Agreement,
        writes: bool = True,
    ) -> None:
        super().__init__()
        self.folder = folder
        self.every = every
        self.steps_per_epoch = steps_per_epoch
        self.best = best
        self.data = data
        self.agreement = agreement
        self.writes = writes
        self.history: list[dict[str, float]] = []
        self.stop_requested = self.stopped = False
        self.interrupt_requested = False
        self._step = self.begun_at = 0
        self._sums: list[np.ndarray] = []

    @property
    def step(self) -> int:
        """Steps that are done."""
        return self._step

    def restore(self, state: RunState) -> None:
        """Puts a state back into the model, its optimizer and `best`.

        The optimizer must have been built.

        Args:
            state: what `save_state` wrote for a run of the same settings.

        Raises:
            ValueError: if it is that of another model, or of other data.
        """
        if state.notes["data"] != self.data:
            raise ValueError(
                "A run must go on with the data that it has begun with. "
                f"Received others than those of `{self.folder}`. Choose "
                "another `output_dir`, or put the data back."
            )
        variables = self._variables()
        wanted = {k: tuple(v.shape) for k, v in variables.items()}
        prefixes = ("best.", "sum.")
        found = {
            k: v.shape
            for k, v in state.arrays.items()
            if not k.startswith(prefixes)
        }
        if wanted != found:
            raise ValueError(
                "A checkpoint must be of the model that is trained. Received "
                f"one in `{self.folder}` with other weights. Choose another "
                "`output_dir`, or remove the folder."
            )
        for name, variable in variables.items():
            variable.assign(state.arrays[name])
        if state.notes["best_epoch"] >= 0:
            count = len(self.model.trainable_variables)
            self.best.epoch = state.notes["best_epoch"]
            self.best.score = state.notes["best_score"]
            self.best.weights = [
                state.arrays[f"best.{i}"] for i in range(count)
            ]
        names = sorted(k for k in state.arrays if k.startswith("sum."))
        self._sums = [state.arrays[name] for name in names]
        self.history = state.notes["history"]
        self._step = state.step

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Puts back the sums of an epoch that was interrupted."""
        self.begun_at = self._step
        if self._sums:
            variables = self.model.metrics_variables
            for variable, value in zip(variables, self._sums, strict=True):
                variable.assign(value)
            self._sums = []

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Counts, writes if it is time, and stops if that was asked for."""
        before, self._step = self._step, self.begun_at + batch + 1
        is_last = self._step % self.steps_per_epoch == 0
        interrupts, stops = self.agreement.any_of(
            self.interrupt_requested, self.stop_requested
        )
        if interrupts:
            raise KeyboardInterrupt
        if stops and not is_last:
            self._save()
            self._stop()
        elif self._step // self.every > before // self.every and not is_last:
            self._save()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Keeps the logs and writes."""
        if self.stopped:
            return
        self.history.append({k: float(v) for k, v in logs.items()})
        self._save()
        (stops,) = self.agreement.any_of(self.stop_requested)
        if stops:
            self._stop()

    def _stop(self) -> None:
        # Who leaves first may end the others, before the state is written.
        self.agreement.any_of(True)
        self.stopped = True
        raise StopTraining

    def _save(self) -> None:
        arrays = {k: _stored(v) for k, v in self._variables().items()}
        for i, weight in enumerate(self.best.weights):
            arrays[f"best.{i}"] = _as_stored(weight)
        if self._step % self.steps_per_epoch:
            for i, variable in enumerate(self.model.metrics_variables):
                arrays[f"sum.{i:04d}"] = _stored(variable)
        if not all(np.isfinite(v).all() for v in arrays.values()):
            # Training has diverged: the last good state stays.
            return
        notes: dict[str, Any] = {
            "data": self.data,
            "best_epoch": self.best.epoch,
            # JSON has no infinity.
            "best_score": self.best.score if self.best.epoch >= 0 else 0.0,
            "history": self.history,
        }
        if self.writes:
            save_state(self.folder, RunState(self._step, arrays, notes))

    def _variables(self) -> dict[str, keras.Variable]:
        """What training changes, by names that stay the same."""
        model = self.model
        seeds = [v for v in model.non_trainable_variables if is_seed(v)]
        groups = {
            "trained": model.trainable_variables,
            "optimizer": model.optimizer.variables,
            "seed": seeds,
        }
        return {
            f"{group}.{i}": variable
            for group, variables in groups.items()
            for i, variable in enumerate(variables)
        }


def fit_from(model, training_set, step: int, epochs: int, **kwargs) -> None:
    """Trains from any step of a run to its end.

    Args:
        model: a compiled `MultiTaskClassifier`.
        training_set: its `TrainingSet`.
        step: int. Steps that are done, 0 for a new run.
        epochs: int. Epochs of the whole run.
        **kwargs: further arguments of `fit`.
    """
    steps = training_set.steps_per_epoch
    epoch, done = divmod(step, steps)
    if done:
        # What is left of the epoch that was interrupted.
        model.fit(
            training_set.dataset_from(epoch, done),
            shuffle=False,
            initial_epoch=epoch,
            epochs=epoch + 1,
            steps_per_epoch=steps - done,
            **kwargs,
        )
        epoch += 1
        if model.stop_training:
            return
    if epoch < epochs:
        model.fit(
            training_set.dataset_from(epoch),
            shuffle=False,
            initial_epoch=epoch,
            epochs=epochs,
            steps_per_epoch=steps,
            **kwargs,
        )


def _stored(variable) -> np.ndarray:
    return _as_stored(ops.convert_to_numpy(variable))


def _as_stored(array: np.ndarray) -> np.ndarray:
    # The NumPy side of safetensors has no bfloat16; float32 holds all of it.
    is_bfloat16 = str(array.dtype) == "bfloat16"
    array = array.astype("float32") if is_bfloat16 else array
    # It writes the memory of an array as it lies.
    return np.asarray(array, order="C")

"""The folder of a run: new, and every file in it whole."""

import dataclasses
import json
from collections.abc import Sequence

import filelock

from tf_adapters import storage
from tf_adapters.runs.config_file import check_same
from tf_adapters.training.config import TrainConfig


class RunDirectory:
    """What a run writes and where.

        config.json       the resolved settings
        metrics.json      dev scores, history and cost
        bundles/<task>/   each trained task
        saved_model/<version>/   for TF Serving
        predictions/      GLUE submission files
        logs/             TensorBoard
        checkpoints/      the last states, until the run is done

    Args:
        path: str. A folder that does not exist yet, an empty one, or that of
            a run that has not ended. It is made when the first file is
            written. On this machine it is locked against other processes that
            train; elsewhere, as on `gs://`, it is not.
        resume: bool. Whether the last of these is allowed. Defaults to
            `False`.

    Raises:
        FileExistsError: if the folder has something else in it.
    """

    def __init__(self, path: str, resume: bool = False) -> None:
        self.path = storage.as_path(path)
        self._lock: filelock.FileLock | None = None
        self._goes_on = False
        if self.path.exists() and (
            not self.path.is_dir() or storage.listed(self.path)
        ):
            if self.is_unfinished and resume:
                self._goes_on = True
                return
            more = ""
            if self.is_unfinished:
                more = " Or leave out --no-resume, and it goes on."
            raise FileExistsError(
                "`output_dir` must be a new or empty folder, because a run "
                f"never overwrites another. Received: {path!r}, which is "
                f"taken. Choose another, or remove it.{more}"
            )

    @property
    def is_unfinished(self) -> bool:
        """Whether a run has begun here and not ended."""
        return self._begun.exists()

    @property
    def _begun(self) -> storage.Path:
        """What is there from the beginning of a run to its end."""
        if storage.is_local(self.path):
            return self.checkpoints
        # In an object store no folder is empty, and none goes all at once.
        return self.checkpoints / ".begun"

    @property
    def checkpoints(self) -> storage.Path:
        """Folder of the last states of the training."""
        return self.path / "checkpoints"

    def check_settings(self, recipe: str, config: TrainConfig) -> None:
        """Refuses to go on with a run with settings that must not change.

        Args:
            recipe, config: as for `write_config`.

        Raises:
            ValueError: if a run has begun here with others.
        """
        path = self.path / "config.json"
        # Where no state was written, nothing goes on.
        names = [entry.name for entry in storage.listed(self.checkpoints)]
        if any(n.startswith("step-") for n in names) and path.is_file():
            settings = {"recipe": recipe, **dataclasses.asdict(config)}
            check_same(path, json.loads(json.dumps(settings)))

    def finish(self) -> None:
        """Removes the checkpoints: there is nothing to go on with."""
        # All at once: a run whose last state was gone would begin anew.
        done = self.checkpoints
        if storage.is_local(done):
            done = done.rename(self.path / ".checkpoints")
        else:
            self._begun.unlink()
        storage.remove_folder(done)
        self.release()

    def release(self) -> None:
        """Lets another process go on with the run."""
        if self._lock is not None:
            self._lock.release()

    def clear_bundles(self) -> None:
        """Removes the bundles that are there, if any."""
        storage.remove_folder(self.bundles)

    @property
    def bundles(self) -> storage.Path:
        """Folder of the bundles, one a task."""
        return self.path / "bundles"

    @property
    def saved_model(self) -> storage.Path:
        """Folder of the SavedModel's versions."""
        return self.path / "saved_model"

    @property
    def predictions(self) -> storage.Path:
        """Folder of the predictions."""
        return self.path / "predictions"

    @property
    def logs(self) -> storage.Path:
        """Folder of the TensorBoard logs."""
        return self.path / "logs"

    def write_config(
        self, recipe: str, config: TrainConfig, earlier_tasks: Sequence[str]
    ) -> str:
        """Writes `config.json` and returns its text.

        Args:
            recipe: name of the recipe.
            config: the resolved settings.
            earlier_tasks: tasks of the run that this one goes on from, in the
                order of their ids, which come before those of its own.

        Raises:
            FileExistsError: if another process trains here.
        """
        settings = {
            "recipe": recipe,
            "earlier_tasks": list(earlier_tasks),
            **dataclasses.asdict(config),
        }
        text = json.dumps(settings, indent=2) + "\n"
        if storage.is_local(self.path):
            self._acquire_lock()
        else:
            storage.write_whole(self._begun, b"This run has not ended.\n")
        self._write("config.json", text)
        return text

    def write_metrics(self, metrics: dict) -> None:
        """Writes `metrics.json`."""
        text = json.dumps(metrics, indent=2) + "\n"
        self._write("metrics.json", text)

    def _write(self, name: str, text: str) -> None:
        storage.write_whole(self.path / name, text.encode())

    def _acquire_lock(self) -> None:
        if self._goes_on and not self.is_unfinished:
            raise FileExistsError(
                f"The run in `{self.path}` has ended meanwhile. Choose another "
                "`output_dir`, or remove it."
            )
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        self._lock = filelock.FileLock(self.checkpoints / ".lock")
        try:
            self._lock.acquire(blocking=False)
        except filelock.Timeout as error:
            raise FileExistsError(
                f"Another process trains in `{self.path}`. Wait for its end, "
                "or choose another `output_dir`."
            ) from error

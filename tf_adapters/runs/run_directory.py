"""The folder of a run: new, and every file in it whole."""

import dataclasses
import json
import os
import pathlib
from collections.abc import Sequence

from tf_adapters.training.config import TrainConfig


class RunDirectory:
    """What a run writes and where.

        config.json       the resolved settings
        metrics.json      dev scores, history and cost
        bundles/<task>/   each trained task
        saved_model/<version>/   for TF Serving
        predictions/      GLUE submission files
        logs/             TensorBoard

    Args:
        path: str. A folder that does not exist yet, or an empty one. It is
            made when the first file is written.

    Raises:
        FileExistsError: if the folder has something in it.
    """

    def __init__(self, path: str) -> None:
        self.path = pathlib.Path(path)
        if self.path.exists() and (
            not self.path.is_dir() or any(self.path.iterdir())
        ):
            raise FileExistsError(
                "`output_dir` must be a new or empty folder, because a run "
                f"never overwrites another. Received: {path!r}, which is "
                "taken. Choose another, or remove it."
            )

    @property
    def bundles(self) -> pathlib.Path:
        """Folder of the bundles, one a task."""
        return self.path / "bundles"

    @property
    def saved_model(self) -> pathlib.Path:
        """Folder of the SavedModel's versions."""
        return self.path / "saved_model"

    @property
    def predictions(self) -> pathlib.Path:
        """Folder of the predictions."""
        return self.path / "predictions"

    @property
    def logs(self) -> pathlib.Path:
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
        """
        settings = {
            "recipe": recipe,
            "earlier_tasks": list(earlier_tasks),
            **dataclasses.asdict(config),
        }
        text = json.dumps(settings, indent=2) + "\n"
        write_text(self.path / "config.json", text)
        return text

    def write_metrics(self, metrics: dict) -> None:
        """Writes `metrics.json`."""
        text = json.dumps(metrics, indent=2) + "\n"
        write_text(self.path / "metrics.json", text)


def write_text(path: pathlib.Path, text: str) -> None:
    """Writes a file whole or not at all.

    Args:
        path: where to. Its folder is created.
        text: str, written as UTF-8.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f".{path.name}.tmp")
    with open(staged, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    staged.replace(path)

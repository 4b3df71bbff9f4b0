"""What a comparison reads of the run directories of train.py."""

import dataclasses
import json
import pathlib
from collections.abc import Iterable
from typing import Any

from tf_adapters import storage
from tf_adapters.runs.recipe import load_recipe
from tf_adapters.training.config import TrainConfig

EPOCHS = ("best", "last")
# Where data are and what is written says nothing of a method, nor does in which
# steps, and on how many devices, the same weights are computed.
_NOT_COMPARED = (
    "recipe",
    "tasks",
    "seed",
    "output_dir",
    "data_dir",
    "task_file",
    "tfds",
    "earlier_tasks",
    "predict",
    "export",
    "resume",
    "checkpoint_steps",
    "deterministic",
    "strategy",
    "worker_timeout",
    "accumulate_steps",
    "recompute",
    "jit_compile",
    "steps_per_execution",
    "tensorboard",
)


@dataclasses.dataclass(frozen=True)
class FinishedRun:
    """A run that has trained to its end.

    Attributes:
        path: its folder.
        recipe: name of its recipe.
        source: what train.py was given for it: the same name, or the path of
            a file.
        seed: its seed.
        settings: the other settings, those that make no difference to what is
            learned aside. What is younger than the run is there as it was.
            Of `from_run` there is only whether it goes on from another.
        tasks: names of the tasks that it trained.
        scores: dict from a dev set to dict from a metric to its score. A task
            may have two of them, as MNLI has `mnli` and `mnli_mismatched`.
        majority: the same of the constant guess, `None` if a draw of training
            examples has a part in it.
        trained_percent: trainable weights in percent of the backbone, over
            the number of tasks in the model, those of the run that it goes on
            from among them.
        seconds_per_step: of the median step, `None` if there was only one.
        bundle_bytes: bytes of the bundle of one of its tasks, with its part
            of what all tasks in the model share; `None` if one has no bundle.
    """

    path: storage.Path
    recipe: str
    source: str
    seed: int
    settings: dict[str, Any]
    tasks: tuple[str, ...]
    scores: dict[str, dict[str, float]]
    majority: dict[str, dict[str, float]] | None
    trained_percent: float
    seconds_per_step: float | None
    bundle_bytes: float | None

    @property
    def dev_sets(self) -> tuple[str, ...]:
        """Names of the dev sets that it was scored on."""
        return tuple(self.scores)


def read_run(path: str, epoch: str = "best") -> FinishedRun:
    """Reads a run directory, of this version or an earlier one.

    Args:
        path: the `output_dir` of a run of train.py.
        epoch: whose scores: "best", those of the epoch whose weights the run
            kept, or "last".

    Raises:
        ValueError: if it is not one, or the run did not train to its end.
    """
    folder = storage.as_path(path)
    config, metrics = (_read_json(folder, k) for k in ("config", "metrics"))
    try:
        planned, trained = config["num_epochs"], len(metrics["history"])
        if trained < planned:
            raise ValueError(
                "A run must have trained to its end. Received: "
                f"{str(folder)!r}, which was stopped after {trained} of "
                f"{planned} epochs."
            )
        scores = metrics["dev"]
        if epoch == "last":
            scores = _of_last_epoch(metrics)
        # An old run may not name them.
        tasks = tuple(config.get("tasks") or scores)
        num_tasks = len(tasks) + len(config.get("earlier_tasks", ()))
        is_drawn = bool(config.get("max_examples"))
        return FinishedRun(
            path=folder,
            recipe=pathlib.Path(config["recipe"]).stem,
            source=config["recipe"],
            seed=config["seed"],
            settings=_settings(config),
            tasks=tasks,
            scores=scores,
            majority=None if is_drawn else metrics["majority"],
            trained_percent=metrics["trainable_percent"] / num_tasks,
            seconds_per_step=metrics["seconds_per_step"],
            bundle_bytes=_bundle_bytes(folder, tasks, num_tasks),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            "`config.json` and `metrics.json` must be as a run wrote them. "
            f"Received others in {str(folder)!r} ({error!r})."
        ) from error


def read_runs(
    paths: Iterable[str], epoch: str = "best"
) -> tuple[list[FinishedRun], list[str]]:
    """Reads run directories, and leaves out those that are not finished.

    Args:
        paths: folders. One that comes twice counts once.
        epoch: as for `read_run`.

    Returns:
        Tuple of the finished runs and of messages, what is wrong with each of
        the others.

    Raises:
        ValueError: if none is a finished run.
    """
    runs: list[FinishedRun] = []
    messages: list[str] = []
    for path in dict.fromkeys(path.rstrip("/") or path for path in paths):
        try:
            runs.append(read_run(path, epoch))
        except ValueError as error:
            messages.append(str(error))
    if not runs:
        raise ValueError(" ".join(messages))
    return runs, messages


def _read_json(folder: storage.Path, name: str) -> dict:
    try:
        return json.loads((folder / f"{name}.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(
            "A run directory must hold the `config.json` and the "
            f"`metrics.json` of a finished run. Received: {str(folder)!r} "
            f"({error})."
        ) from None


def _of_last_epoch(metrics: dict) -> dict[str, dict[str, float]]:
    logs = metrics["history"][-1]
    return {
        task: {metric: logs[f"val_{task}_{metric}"] for metric in own}
        for task, own in metrics["dev"].items()
    }


def _settings(config: dict) -> dict[str, Any]:
    """Fills in what is younger than the run: it was as it is by default."""
    settings = {**_defaults(config["recipe"]), **config}
    # Each seed may go on from a run of its own.
    settings["from_run"] = bool(settings.get("from_run"))
    return {k: v for k, v in settings.items() if k not in _NOT_COMPARED}


def _defaults(recipe: str) -> dict[str, Any]:
    defaults = TrainConfig()
    # A file may do anything when it is imported, or be gone.
    if not recipe.endswith(".py"):
        try:
            defaults = load_recipe(recipe).Config()
        except ValueError:
            pass
    # As JSON has it: tuples are lists.
    return json.loads(json.dumps(dataclasses.asdict(defaults)))


def _bundle_bytes(
    folder: storage.Path, tasks: tuple[str, ...], num_tasks: int
) -> float | None:
    bundles = folder / "bundles"
    if not all((bundles / task).is_dir() for task in tasks):
        return None
    own = [file for task in tasks for file in (bundles / task).iterdir()]
    shared = bundles.glob("shared-*.safetensors")
    return _size(own) / len(tasks) + _size(shared) / num_tasks


def _size(files: Iterable[storage.Path]) -> int:
    return sum(file.stat().st_size for file in files)

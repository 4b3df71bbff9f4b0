"""What the scripts of this folder read of the run directories of train.py."""

import dataclasses
import json
import pathlib

_NOT_COMPARED = (
    "seed",
    "output_dir",
    "data_dir",
    "predict",
    "export",
    "earlier_tasks",
)
_OF_THE_DATA = ("preset", "task_file", "max_examples")


@dataclasses.dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        path: its folder.
        config: what `config.json` holds.
        metrics: what `metrics.json` holds.
    """

    path: pathlib.Path
    config: dict
    metrics: dict

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks that it trained."""
        return self.config["tasks"]

    @property
    def settings(self) -> dict:
        """The configuration, seed and place aside."""
        return {k: v for k, v in self.config.items() if k not in _NOT_COMPARED}

    def bundle_bytes(self) -> int | None:
        """Returns the bytes of all bundles, with what they share counted once.

        Returns:
            int, or `None` if a task has no bundle.
        """
        bundles = self.path / "bundles"
        if not all((bundles / task).is_dir() for task in self.tasks):
            return None
        files = list(bundles.glob("shared-*.safetensors"))
        for task in self.tasks:
            files += (bundles / task).iterdir()
        return sum(file.stat().st_size for file in files)


def read(path: pathlib.Path) -> Run:
    """Reads a run directory.

    Raises:
        ValueError: if it is not one, or the run did not train to its end.
    """
    found = {}
    for name in ("config", "metrics"):
        file = path / f"{name}.json"
        try:
            found[name] = json.loads(file.read_text("utf-8"))
        except (OSError, json.JSONDecodeError) as error:
            raise ValueError(
                "A run directory must hold the `config.json` and the "
                f"`metrics.json` of a finished run. Received: {str(path)!r} "
                f"({error})."
            ) from None
    run = Run(path, **found)
    planned, trained = run.config["num_epochs"], len(run.metrics["history"])
    if trained < planned:
        raise ValueError(
            "A run must have trained to its end. Received: "
            f"{str(path)!r}, which was stopped after {trained} of {planned} "
            "epochs. Train it again, or leave it out."
        )
    return run


def grouped(runs: list[Run]) -> list[list[Run]]:
    """Puts the runs together that differ by seed and place only."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        key = json.dumps(run.settings, sort_keys=True)
        groups.setdefault(key, []).append(run)
    return list(groups.values())


def compared_tasks(runs: list[Run]) -> list[str]:
    """Returns the tasks of runs that may stand in one table.

    Runs of several tasks must be of the same ones, and runs of a single task
    of one of them.

    Raises:
        ValueError: if runs are of other tasks, or learned from or are scored
            on other data, or one comes twice.
    """
    joint = [run for run in runs if len(run.tasks) > 1]
    tasks = list(dict.fromkeys(task for run in runs for task in run.tasks))
    if joint:
        tasks = joint[0].tasks
    for run in runs:
        known = set(run.tasks) <= set(tasks)
        if not known or 1 < len(run.tasks) < len(tasks):
            raise ValueError(
                "Runs in one table must be of the same tasks, or each of one "
                f"of them. Received: {str(run.path)!r} of "
                f"{' '.join(run.tasks)}, beside runs of {' '.join(tasks)}."
            )
    for task in tasks:
        _check_data(task, [run for run in runs if task in run.tasks])
    for group in grouped(runs):
        _check_seeds(group)
    return tasks


def _check_data(task: str, runs: list[Run]) -> None:
    """Refuses other data, which their majority tells wherever they lie."""
    first = runs[0]
    for run in runs:
        different = [
            f"{name}={of_run.config.get(name)!r}"
            for name in _OF_THE_DATA
            for of_run in (first, run)
            if first.config.get(name) != run.config.get(name)
        ]
        guesses = [of_run.metrics["majority"][task] for of_run in (first, run)]
        if guesses[0] != guesses[1]:
            different += [f"majority={guess}" for guess in guesses]
        if different:
            raise ValueError(
                "Runs in one table must have learned from and be scored on "
                f"the same data. Received: {str(first.path)!r} and "
                f"{str(run.path)!r}, for {task} {', '.join(different)}."
            )


def _check_seeds(group: list[Run]) -> None:
    paths: dict[int, pathlib.Path] = {}
    for run in group:
        seed = run.config["seed"]
        if seed in paths:
            raise ValueError(
                "Runs of the same settings must differ in their seed. "
                f"Received: {str(paths[seed])!r} and {str(run.path)!r}, both "
                f"of seed={seed}. Leave one out."
            )
        paths[seed] = run.path

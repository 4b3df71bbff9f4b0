"""Run directories as train.py leaves them, written by hand."""

import json

CONFIG = {
    "preset": "minilm",
    "data_dir": "GLUE",
    "task_file": "",
    "max_examples": 0,
    "num_epochs": 3,
    "batching": "mixed",
    "export": False,
}
MAJORITY = {
    "cola": {"matthews": 0.0},
    "mrpc": {"accuracy": 0.68, "f1": 0.81},
}
# The mean of both tasks is (0.2 + (0.8 + 0.9) / 2) / 2 = 0.525.
DEV = {"cola": {"matthews": 0.2}, "mrpc": {"accuracy": 0.8, "f1": 0.9}}


def scores(task, *values):
    """Returns the scores of one task, as `metrics.json` has them."""
    return {task: dict(zip(DEV[task], values, strict=True))}


def write_run(
    folder,
    recipe="houlsby",
    percent=8.0,
    dev=DEV,
    majority=MAJORITY,
    trained=3,
    seconds=0.25,
    **settings,
):
    """Writes `config.json` and `metrics.json`."""
    folder.mkdir()
    settings = {"learning_rate": 1e-3, "seed": 0, **settings}
    settings["output_dir"] = str(folder)
    config = {"recipe": recipe, "tasks": list(dev), **CONFIG, **settings}
    of_each = [sum(own.values()) / len(own) for own in dev.values()]
    metrics = {
        "dev": dev,
        "mean": sum(of_each) / len(of_each),
        "majority": {task: majority[task] for task in dev},
        "seconds_per_step": seconds,
        "trainable_percent": percent,
        "history": [_columns(dev)] * trained,
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "metrics.json").write_text(json.dumps(metrics))
    return folder


def _columns(dev):
    return {
        f"val_{task}_{metric}": value
        for task, own in dev.items()
        for metric, value in own.items()
    }

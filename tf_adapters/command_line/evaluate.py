"""`evaluate RUN_DIR`: the dev scores of a finished run, computed again.

With `--ensemble NAME ...` those of several tasks together, which may be asked
about tasks that the run has not seen: `--task_file FILE --on NAME`.
"""

import dataclasses
import json

from tf_adapters import evaluation
from tf_adapters.command_line.flags.ensemble import add_ensemble_flags
from tf_adapters.command_line.flags.ensemble import check_ensemble_flags
from tf_adapters.command_line.flags.ensemble import make_ensemble
from tf_adapters.command_line.flags.run_argument import parser_for_run
from tf_adapters.evaluation.metrics import mean_score
from tf_adapters.runs.restore import restore_run
from tf_adapters.runs.task_sources import task_sources
from tf_adapters.training.datasets import read_dev

SUMMARY = "score the dev sets with a finished run, as JSON"


def main(argv: list[str], prog: str) -> None:
    """Prints `{"dev": {task: {metric: value}}, "mean": value}`.

    Args:
        argv: the run directory, then flags.
        prog: name of the command in its help.

    Raises:
        ValueError: if a task is not known, or the tasks of an ensemble do not
            go together or have other labels than what they are scored on.
    """
    parser = parser_for_run(prog, SUMMARY)
    parser.add_argument(
        "--data_dir", default="", help="GLUE folders, if they have been moved"
    )
    parser.add_argument(
        "--task_file", default="", help="a file that declares tasks, likewise"
    )
    parser.add_argument(
        "--on",
        nargs="+",
        default=[],
        metavar="TASK",
        help="whose dev sets; by default those of the ensemble, or of the run",
    )
    add_ensemble_flags(parser, parser)
    flags = parser.parse_args(argv)
    check_ensemble_flags(flags)
    model, config = restore_run(flags.run_dir, flags.preset)
    data = {"data_dir": flags.data_dir, "task_file": flags.task_file}
    if any(data.values()):
        config = dataclasses.replace(config, **data, tfds=False)
    names = flags.on or flags.ensemble or config.tasks
    config = dataclasses.replace(config, tasks=tuple(names))
    if flags.ensemble:
        predictor = make_ensemble(flags, model, config.sequence_length)
    else:
        predictor = evaluation.Predictor(model, config.sequence_length)
    examples = read_dev(task_sources(config))
    if not flags.ensemble:
        _check_labels(model, examples)
    dev = {name: predictor.score(own) for name, own in examples.items()}
    print(json.dumps({"dev": dev, "mean": mean_score(dev)}, indent=2))


def _check_labels(model, examples) -> None:
    for own in examples.values():
        task = model.tasks[model.task_id(own.task.name)]
        if (task.labels, task.value_range) != (
            own.task.labels,
            own.task.value_range,
        ):
            raise ValueError(
                "A dev set must have the labels that the run has learned for "
                f"its task. Received: {own.task} for {task}."
            )

"""`predict RUN_DIR --task NAME`: labels for texts, as JSON lines.

With `--ensemble NAME ...` in the place of `--task` several tasks predict.
"""

import json
import sys

from tf_adapters.command_line.ensemble_flags import add_ensemble_flags
from tf_adapters.command_line.ensemble_flags import check_ensemble_flags
from tf_adapters.command_line.ensemble_flags import make_ensemble
from tf_adapters.command_line.run_argument import parser_for_run
from tf_adapters.data.examples import Examples
from tf_adapters.evaluation.predictor import Predictor
from tf_adapters.runs.predictions import labels_of
from tf_adapters.runs.restore import restore_run

SUMMARY = "predict texts with a finished run"


def main(argv: list[str], prog: str) -> None:
    """Prints one JSON object for each text: label and scores.

    Args:
        argv: the run directory, then flags.
        prog: name of the command in its help.

    Raises:
        ValueError: if a text does not fit the task, or the tasks of an
            ensemble do not go together.
    """
    parser = parser_for_run(prog, SUMMARY)
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--task", help="whose head predicts")
    add_ensemble_flags(parser, who)
    parser.add_argument(
        "texts",
        nargs="*",
        metavar="TEXT",
        help="a text, or the two texts of a pair with a tab between them; "
        "without any, lines of standard input. After the names of an ensemble "
        "write another flag first, or `--`",
    )
    # Intermixed, so that the texts may come after `--task`.
    flags = parser.parse_intermixed_args(argv)
    check_ensemble_flags(flags)
    model, config = restore_run(flags.run_dir, flags.preset)
    if flags.ensemble:
        predictor = make_ensemble(flags, model, config.sequence_length)
    else:
        predictor = Predictor(model, config.sequence_length)
    task = model.tasks[model.task_id(flags.task or flags.ensemble[0])]
    lines = flags.texts or sys.stdin.read().splitlines()
    examples = _examples(task, lines)
    outputs = predictor.outputs(predictor.encode(examples))
    for label, scores in zip(labels_of(task, outputs), outputs, strict=True):
        shown = {"label": label}
        if not task.is_regression:
            named = zip(task.labels, scores.tolist(), strict=True)
            shown["scores"] = dict(named)
        print(json.dumps(shown, ensure_ascii=False))


def _examples(task, lines: list[str]) -> Examples:
    rows = [line.split("\t") for line in lines]
    if not rows:
        raise ValueError("There is no text to predict. Write one, or pipe it.")
    for row in rows:
        if len(row) != len(task.text_columns) or not any(row):
            raise ValueError(
                f"Task {task.name!r} reads {' and '.join(task.text_columns)}, "
                f"with a tab between two texts. Received: {row}."
            )
    columns = tuple(list(column) for column in zip(*rows, strict=True))
    return Examples(task, columns, None)

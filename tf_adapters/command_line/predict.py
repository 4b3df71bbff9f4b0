"""`predict RUN_DIR --task NAME`: labels for texts, as JSON lines.

With `--ensemble NAME ...` in the place of `--task` several tasks predict.
"""

import json
import sys

from tf_adapters import evaluation
from tf_adapters.command_line.flags.ensemble import add_ensemble_flags
from tf_adapters.command_line.flags.ensemble import check_ensemble_flags
from tf_adapters.command_line.flags.ensemble import make_ensemble
from tf_adapters.command_line.flags.run_argument import parser_for_run
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
        predictor = evaluation.Predictor(model, config.sequence_length)
    task = model.tasks[model.task_id(flags.task or flags.ensemble[0])]
    texts = _texts(task, flags.texts or sys.stdin.read().splitlines())
    for answer in predictor.predict(task.name, texts):
        print(json.dumps(answer, ensure_ascii=False))


def _texts(task, lines: list[str]) -> list[tuple[str, ...]]:
    rows = [tuple(line.split("\t")) for line in lines]
    if not rows:
        raise ValueError("There is no text to predict. Write one, or pipe it.")
    for row in rows:
        if len(row) != len(task.text_columns):
            raise ValueError(
                f"Task {task.name!r} reads {' and '.join(task.text_columns)}, "
                f"with a tab between two texts. Received: {row}."
            )
    return rows

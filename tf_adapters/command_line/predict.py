"""`predict RUN_DIR --task NAME`: labels for texts, as JSON lines."""

import json
import sys

from tf_adapters.command_line.run_argument import parser_for_run
from tf_adapters.data.examples import Examples
from tf_adapters.training.predictions import labels_of
from tf_adapters.training.predictor import Predictor
from tf_adapters.training.restore import restore_run

SUMMARY = "predict texts with a finished run"


def main(argv: list[str], prog: str) -> None:
    """Prints one JSON object for each text: label and scores.

    Args:
        argv: the run directory, then flags.
        prog: name of the command in its help.

    Raises:
        ValueError: if a text does not fit the task.
    """
    parser = parser_for_run(prog, SUMMARY)
    parser.add_argument("--task", required=True, help="whose head predicts")
    parser.add_argument(
        "texts",
        nargs="*",
        metavar="TEXT",
        help="a text, or the two texts of a pair with a tab between them; "
        "without any, lines of standard input",
    )
    # Intermixed, so that the texts may come after `--task`.
    flags = parser.parse_intermixed_args(argv)
    model, config = restore_run(flags.run_dir, flags.preset)
    task = model.tasks[model.task_id(flags.task)]
    lines = flags.texts or sys.stdin.read().splitlines()
    examples = _examples(task, lines)
    predictor = Predictor(model, config.sequence_length)
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

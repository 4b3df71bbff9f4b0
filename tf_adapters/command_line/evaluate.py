"""`evaluate RUN_DIR`: the dev scores of a finished run, computed again."""

import dataclasses
import json

from tf_adapters.command_line.run_argument import parser_for_run
from tf_adapters.training.datasets import read_dev
from tf_adapters.training.metrics import mean_score
from tf_adapters.training.predictor import Predictor
from tf_adapters.training.restore import restore_run
from tf_adapters.training.task_sources import task_sources

SUMMARY = "score the dev sets with a finished run, as JSON"


def main(argv: list[str], prog: str) -> None:
    """Prints `{"dev": {task: {metric: value}}, "mean": value}`.

    Args:
        argv: the run directory, then flags.
        prog: name of the command in its help.
    """
    parser = parser_for_run(prog, SUMMARY)
    parser.add_argument(
        "--data_dir", default="", help="GLUE folders, if they have been moved"
    )
    flags = parser.parse_args(argv)
    model, config = restore_run(flags.run_dir, flags.preset)
    if flags.data_dir:
        config = dataclasses.replace(
            config, data_dir=flags.data_dir, task_file="", tfds=False
        )
    predictor = Predictor(model, config.sequence_length)
    examples = read_dev(task_sources(config))
    dev = {name: predictor.score(own) for name, own in examples.items()}
    print(json.dumps({"dev": dev, "mean": mean_score(dev)}, indent=2))

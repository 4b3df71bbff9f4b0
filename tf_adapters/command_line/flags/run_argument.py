"""The arguments that the commands on a finished run share."""

import argparse


def parser_for_run(prog: str, summary: str) -> argparse.ArgumentParser:
    """Returns a parser with the run directory and where its backbone is.

    Args:
        prog: name of the command in its help.
        summary: what the command does.
    """
    parser = argparse.ArgumentParser(prog=prog, description=summary)
    parser.add_argument("run_dir", help="the --output_dir of a run of train.py")
    parser.add_argument(
        "--preset", default="", help="the backbone, if it has been moved"
    )
    return parser

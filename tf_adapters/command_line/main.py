"""`tf-adapters COMMAND`, the same as `python -m tf_adapters COMMAND`."""

import argparse
import sys

from tf_adapters.command_line import ask
from tf_adapters.command_line import check
from tf_adapters.command_line import compare
from tf_adapters.command_line import evaluate
from tf_adapters.command_line import export
from tf_adapters.command_line import launch
from tf_adapters.command_line import params
from tf_adapters.command_line import predict
from tf_adapters.command_line import score
from tf_adapters.command_line import serve
from tf_adapters.command_line import tasks
from tf_adapters.command_line import tune
from tf_adapters.command_line import versions
from tf_adapters.command_line.advice import advising
from tf_adapters.version import __version__

DONE, WRONG_INPUT = 0, 2
_COMMANDS = {
    "params": params,
    "predict": predict,
    "evaluate": evaluate,
    "export": export,
    "check": check,
    "tasks": tasks,
    "versions": versions,
    "score": score,
    "serve": serve,
    "ask": ask,
    "launch": launch,
    "compare": compare,
    "tune": tune,
}


def main(argv: list[str]) -> int:
    """Runs one command.

    Args:
        argv: command line arguments, the command first.

    Returns:
        Exit code: 0 done, 2 wrong arguments or input, 4 not enough memory, or
        that of what was launched. The message of an error goes to standard
        error.
    """
    parser = argparse.ArgumentParser(
        prog="tf-adapters",
        description="Adapters for KerasNLP BERT. Training is `train.py`.",
    )
    parser.add_argument(
        "--version", action="version", version=f"%(prog)s {__version__}"
    )
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND"
    )
    for name, module in _COMMANDS.items():
        commands.add_parser(name, help=module.SUMMARY, add_help=False)
    command = parser.parse_args(argv[:1]).command
    prog = f"tf-adapters {command}"

    def answer(argv: list[str]) -> int:
        try:
            return _COMMANDS[command].main(argv, prog=prog) or DONE
        except (ValueError, OSError, ImportError) as error:
            print(f"{prog}: {error}", file=sys.stderr)
            return WRONG_INPUT

    return advising(prog, answer, argv[1:])


def run() -> None:
    """Entry point of the installed command."""
    sys.exit(main(sys.argv[1:]))

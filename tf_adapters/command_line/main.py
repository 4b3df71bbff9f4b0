"""`tf-adapters COMMAND`, the same as `python -m tf_adapters COMMAND`."""

import argparse
import sys

from tf_adapters.command_line import evaluate
from tf_adapters.command_line import export
from tf_adapters.command_line import params
from tf_adapters.command_line import predict

DONE, WRONG_INPUT = 0, 2
_COMMANDS = {
    "params": params,
    "predict": predict,
    "evaluate": evaluate,
    "export": export,
}


def main(argv: list[str]) -> int:
    """Runs one command.

    Args:
        argv: command line arguments, the command first.

    Returns:
        Exit code: 0 done, 2 wrong arguments or input. The message of an error
        goes to standard error.
    """
    parser = argparse.ArgumentParser(
        prog="tf-adapters",
        description="Adapters for KerasNLP BERT. Training is `train.py`.",
    )
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND"
    )
    for name, module in _COMMANDS.items():
        commands.add_parser(name, help=module.SUMMARY, add_help=False)
    command = parser.parse_args(argv[:1]).command
    try:
        _COMMANDS[command].main(argv[1:], prog=f"tf-adapters {command}")
    except (ValueError, OSError) as error:
        print(f"tf-adapters {command}: {error}", file=sys.stderr)
        return WRONG_INPUT
    return DONE


def run() -> None:
    """Entry point of the installed command."""
    sys.exit(main(sys.argv[1:]))

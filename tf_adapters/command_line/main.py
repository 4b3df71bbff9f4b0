"""`tf-adapters COMMAND`, the same as `python -m tf_adapters COMMAND`."""

import argparse
import sys

from tf_adapters.command_line import evaluate
from tf_adapters.command_line import export
from tf_adapters.command_line import params
from tf_adapters.command_line import predict
from tf_adapters.runs.memory import memory_advice
from tf_adapters.version import __version__

DONE, WRONG_INPUT, NO_MEMORY = 0, 2, 4
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
        Exit code: 0 done, 2 wrong arguments or input, 4 not enough memory. The
        message of an error goes to standard error.
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
    try:
        _COMMANDS[command].main(argv[1:], prog=f"tf-adapters {command}")
    except (ValueError, OSError) as error:
        print(f"tf-adapters {command}: {error}", file=sys.stderr)
        return WRONG_INPUT
    except Exception as error:
        advice = memory_advice(error)
        if not advice:
            raise
        print(f"tf-adapters {command}: {advice}", file=sys.stderr)
        return NO_MEMORY
    return DONE


def run() -> None:
    """Entry point of the installed command."""
    sys.exit(main(sys.argv[1:]))

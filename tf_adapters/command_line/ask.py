"""`ask URL --task NAME`: the answers of a server, as JSON lines."""

import argparse
import itertools
import json
import sys
from collections.abc import Iterable
from collections.abc import Iterator

from etils import epy

with epy.lazy_imports():
    from tf_adapters import client

SUMMARY = "ask a server, over REST or gRPC"
# Asked for at once: enough that several requests are under way.
_AT_ONCE = 1024


def main(argv: list[str], prog: str) -> None:
    """Prints one JSON object for each text: task, label and scores.

    Args:
        argv: the address of a model, then flags and texts.
        prog: name of the command in its help.

    Raises:
        ValueError: if a text does not fit the task, or the server refuses it.
        ImportError: if what the client needs is not installed.
    """
    # Intermixed, so that the texts may come after `--task`.
    flags = _parser(prog).parse_intermixed_args(argv)
    if flags.texts and flags.file:
        raise ValueError(
            "Texts come from the command line or from a file. Received: both. "
            "Leave one of them out."
        )
    try:
        with client.Client(flags.url, timeout=flags.timeout) as asked:
            for rows in _parts(_rows(flags)):
                names, texts = zip(*rows, strict=True)
                for answer in asked.ask(names, texts):
                    print(json.dumps(answer.as_json(), ensure_ascii=False))
    except client.ServerError as error:
        raise ValueError(str(error)) from error


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description=SUMMARY)
    parser.add_argument(
        "url", help="http://HOST:PORT/v1/models/NAME or grpc://HOST:PORT/NAME"
    )
    parser.add_argument(
        "--task",
        help="whose answers; without it each line has the name of its task, "
        "and a tab, before the text",
    )
    parser.add_argument(
        "--file", help="a file with a text a line, in the place of TEXT"
    )
    parser.add_argument(
        "--timeout", type=float, default=60.0, help="seconds for a request"
    )
    parser.add_argument(
        "texts",
        nargs="*",
        metavar="TEXT",
        help="a text, or the two texts of a pair with a tab between them; "
        "without any and without --file, lines of standard input",
    )
    return parser


def _lines(flags: argparse.Namespace) -> Iterator[str]:
    if flags.texts:
        yield from flags.texts
    elif flags.file:
        with open(flags.file, encoding="utf-8") as file:
            yield from (line.rstrip("\r\n") for line in file)
    else:
        yield from (line.rstrip("\r\n") for line in sys.stdin)


def _rows(flags: argparse.Namespace) -> Iterator[tuple[str, tuple[str, str]]]:
    """Takes the lines apart into a task and two texts."""
    for number, line in enumerate(_lines(flags), start=1):
        fields = line.split("\t")
        task = flags.task or fields.pop(0)
        if len(fields) not in (1, 2):
            wanted = (
                "a text, or two"
                if flags.task
                else "a task, and one or two texts"
            )
            raise ValueError(
                f"A line must have {wanted}, with tabs between them. Received: "
                f"{line!r} in line {number}."
            )
        yield task, (*fields, "")[:2]


def _parts(rows: Iterable) -> Iterator[list]:
    rows = iter(rows)
    while part := list(itertools.islice(rows, _AT_ONCE)):
        yield part

"""`tasks list|add|replace|rename|remove PATH`: what is published there."""

import argparse
from typing import Any

from etils import epy

from tf_adapters import storage
from tf_adapters.export.published import read_published

with epy.lazy_imports():
    from tf_adapters import publishing

SUMMARY = "list the tasks of a SavedModel, or edit them in its next version"


def main(argv: list[str], prog: str) -> None:
    """Prints the tasks, or the path of the version that was written.

    Args:
        argv: what to do, the folder of the versions, and with what.
        prog: name of the command in its help.

    Raises:
        FileNotFoundError: if nothing is published there.
        ValueError: if the edit cannot be made.
    """
    flags = _parser(prog).parse_args(argv)
    if flags.edit == "list":
        _, described = read_published(storage.as_path(flags.path))
        for line in _lines(described):
            print(line)
    elif flags.edit == "add":
        print(publishing.add_published(flags.path, flags.bundles))
    elif flags.edit == "replace":
        print(publishing.replace_published(flags.path, flags.bundles))
    elif flags.edit == "rename":
        names = (flags.name, flags.new_name)
        print(publishing.rename_published(flags.path, *names))
    else:
        print(publishing.remove_published(flags.path, flags.names))


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description=SUMMARY)
    edits = parser.add_subparsers(dest="edit", required=True, metavar="EDIT")
    summaries = {
        "list": "print the tasks of the newest version",
        "add": "publish further bundles",
        "replace": "publish other bundles of tasks that are there",
        "rename": "call a task something else",
        "remove": "leave tasks out",
    }
    for name, summary in summaries.items():
        edit = edits.add_parser(name, help=summary, description=summary)
        edit.add_argument("path", help="folder of the versions")
        if name in ("add", "replace"):
            edit.add_argument(
                "bundles",
                nargs="+",
                metavar="BUNDLE",
                help="a folder, a pattern, or name=FOLDER",
            )
        elif name == "rename":
            edit.add_argument("name", help="what it is called")
            edit.add_argument("new_name", help="what it shall be called")
        elif name == "remove":
            edit.add_argument("names", nargs="+", metavar="NAME")
    return parser


def _lines(described: dict[str, Any]) -> list[str]:
    """Returns a line a task: name, texts, answers, and its bundle."""
    bundles = (described.get("built_from") or {}).get("bundles", {})
    rows = []
    for task in described["tasks"]:
        answers = ", ".join(task["labels"])
        if task["value_range"]:
            low, high = task["value_range"]
            answers = f"{low:g} to {high:g}"
        texts = ", ".join(task["text_columns"])
        directory = bundles.get(task["name"], {}).get("directory", "")
        rows.append((task["name"], texts, answers, directory))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]

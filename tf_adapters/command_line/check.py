"""`check PATH`: whether a SavedModel is what was exported."""

import argparse

from tf_adapters import export

SUMMARY = "say whether a SavedModel is, to the byte, what was exported"


def main(argv: list[str], prog: str) -> None:
    """Reads every file of a SavedModel and compares its digest.

    Args:
        argv: the version folder.
        prog: name of the command in its help.

    Raises:
        ValueError: if something differs. The message names it.
    """
    parser = argparse.ArgumentParser(prog=prog, description=SUMMARY)
    parser.add_argument(
        "path", help="the folder of one version, such as saved_model/1"
    )
    path = parser.parse_args(argv).path
    export.check_saved_model(path)
    print(f"{path} is as it was exported.")

"""`versions list|republish|keep|configs PATH`: what a server may load there."""

import argparse

from tf_adapters import export
from tf_adapters import storage
from tf_adapters.export.version_folder import whole_versions

SUMMARY = "list the versions of a SavedModel, roll back, remove old ones"


def main(argv: list[str], prog: str) -> None:
    """Prints versions, or the paths of what was written or removed.

    Args:
        argv: what to do, the folder of the versions, and how.
        prog: name of the command in its help.

    Raises:
        FileNotFoundError: if there is no such version, or none at all.
        ValueError: if no version would stay, or the name is none for a URL.
    """
    flags = _parser(prog).parse_args(argv)
    path = storage.as_path(flags.path)
    found = whole_versions(path)
    if not found:
        raise FileNotFoundError(
            "PATH must be a folder of versions that `tf-adapters export` "
            f"wrote. Received: {str(path)!r}, which has none. Write what was "
            "given as --path."
        )
    if flags.action == "list":
        lines = found
    elif flags.action == "republish":
        lines = [export.republish(path, flags.version)]
    elif flags.action == "keep":
        removed = export.remove_old_versions(path, flags.count)
        lines = [path / str(version) for version in removed]
    else:
        lines = export.write_serving_configs(path, flags.name)
    for line in lines:
        print(line)


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description=SUMMARY)
    actions = parser.add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    summaries = {
        "list": "print the whole versions, the newest last",
        "republish": "publish an earlier one as the newest: a roll-back",
        "keep": "remove all but the newest, and print what is gone",
        "configs": "write configuration files of TF Serving, if there are none",
    }
    added = {}
    for name, summary in summaries.items():
        added[name] = actions.add_parser(
            name, help=summary, description=summary
        )
        added[name].add_argument("path", help="folder of the versions")
    added["republish"].add_argument(
        "--version",
        type=int,
        default=None,
        help="by default the one before the newest",
    )
    added["keep"].add_argument(
        "count", type=int, metavar="N", help="how many stay, at least 1"
    )
    added["configs"].add_argument(
        "--name",
        default=None,
        help="what clients call the model; by default the folder's name",
    )
    return parser

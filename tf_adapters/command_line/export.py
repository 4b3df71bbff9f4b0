"""`export RUN_DIR` or `export --bundles DIR...`: a version of a SavedModel."""

import argparse

from etils import epy

from tf_adapters import export
from tf_adapters.command_line.flags.serving import add_serving_flags
from tf_adapters.command_line.flags.serving import serving_options
from tf_adapters.runs.restore import restore_run

with epy.lazy_imports():
    from tf_adapters import publishing

SUMMARY = "write the SavedModel of a finished run, or of bundles"


def main(argv: list[str], prog: str) -> None:
    """Exports a run or bundles and prints the path of the new version.

    Args:
        argv: the run directory or bundles, then flags.
        prog: name of the command in its help.

    Raises:
        ValueError: if flags do not go together, or bundles do not.
    """
    flags = _parser(prog).parse_args(argv)
    _check(flags)
    options = serving_options(flags)
    if flags.bundles:
        written = publishing.export_bundles(
            flags.preset,
            flags.bundles,
            flags.path,
            sequence_length=flags.sequence_length,
            dropped_layers=flags.dropped_layers,
            keep=flags.keep,
            options=options,
        )
    else:
        model, config = restore_run(flags.run_dir, flags.preset)
        written = export.export_saved_model(
            model,
            flags.path or f"{flags.run_dir}/saved_model",
            sequence_length=flags.sequence_length or config.sequence_length,
            dropped_layers=flags.dropped_layers,
            keep=flags.keep,
            options=options,
        )
    print(written)


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description=SUMMARY)
    parser.add_argument(
        "run_dir",
        nargs="?",
        default="",
        help="the --output_dir of a run of train.py",
    )
    parser.add_argument(
        "--bundles",
        nargs="+",
        default=[],
        metavar="DIR",
        help="in the place of a run: folders of bundles, patterns such as "
        "'runs/*/bundles/*', or name=DIR to call a task so",
    )
    parser.add_argument(
        "--preset",
        default="",
        help="the backbone: of a run, if it has been moved; of bundles, always",
    )
    parser.add_argument(
        "--path",
        default="",
        help="folder of the versions; by default saved_model/ in the run",
    )
    parser.add_argument(
        "--sequence_length",
        type=int,
        default=None,
        help="most tokens of an example; by default as the run was trained, "
        "for bundles 128",
    )
    parser.add_argument(
        "--dropped_layers",
        type=int,
        nargs="*",
        default=[],
        metavar="LAYER",
        help="layers, from 0, that are served without adapters",
    )
    parser.add_argument(
        "--keep",
        type=int,
        default=None,
        metavar="N",
        help="how many versions stay, the new one among them; by default all",
    )
    add_serving_flags(parser)
    return parser


def _check(flags: argparse.Namespace) -> None:
    if bool(flags.run_dir) == bool(flags.bundles):
        received = f"{flags.run_dir!r} and --bundles" if flags.run_dir else ""
        raise ValueError(
            "What is exported is a run or bundles. Received: "
            f"{received or 'neither'}. Write RUN_DIR, or --preset PRESET "
            "--bundles DIR... --path FOLDER."
        )
    missing = [
        f"--{name}"
        for name in ("preset", "path")
        if flags.bundles and not getattr(flags, name)
    ]
    if missing:
        raise ValueError(
            "Bundles do not say which backbone they need and where the "
            f"versions go. Received: --bundles without {' and '.join(missing)}"
            ". Write --preset PRESET --bundles DIR... --path FOLDER."
        )

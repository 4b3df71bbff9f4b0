"""`compare RUN_DIR...`: finished runs beside one another.

Runs that differ by their seed only make one row; runs of one task each, of the
same settings, likewise.
"""

import argparse
import sys

from etils import epy

from tf_adapters.comparison import finished_run
from tf_adapters.comparison.comparison import Comparison

with epy.lazy_imports():
    from tf_adapters.comparison import formats
    from tf_adapters.comparison import tables

SUMMARY = "put finished runs beside one another: a table and a picture"
_FORMATS = {
    "table": lambda comparison: tables.to_terminal(comparison),
    "markdown": lambda comparison: tables.to_markdown(comparison),
    "csv": lambda comparison: formats.to_csv(comparison),
    "json": lambda comparison: formats.to_json(comparison),
}


def main(argv: list[str], prog: str) -> None:
    """Prints the comparison, and saves the picture if one is asked for.

    Args:
        argv: the run directories, then flags.
        prog: name of the command in its help.

    Raises:
        ValueError: if none of the folders is a finished run, there is no such
            reference, or no such format of a picture.
        ImportError: if a picture is asked for and matplotlib is missing.
    """
    flags = _parser(prog).parse_args(argv)
    save_picture = _picture() if flags.picture else None
    runs, messages = finished_run.read_runs(flags.run_dirs, flags.epoch)
    for message in messages:
        print(f"{prog}: left out: {message}", file=sys.stderr)
    comparison = Comparison(runs, flags.best, flags.reference)
    for task, path in comparison.other_data.items():
        print(
            f"{prog}: {task} is what {path!r} calls so, on other data or with "
            "other metrics than its namesake.",
            file=sys.stderr,
        )
    print(_FORMATS[flags.format](comparison))
    if save_picture is not None:
        save_picture(flags.picture, comparison)


def _picture():
    try:
        from tf_adapters.comparison.picture import save_picture
    except ModuleNotFoundError as error:
        raise ImportError(
            "`--picture` needs matplotlib. Received an environment without it "
            f"({error}). Write: pip install 'tf_adapters[bench]'."
        ) from error
    return save_picture


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description=__doc__.partition("\n")[2],
    )
    parser.add_argument(
        "run_dirs",
        nargs="+",
        metavar="RUN_DIR",
        help="the --output_dir of a run of train.py, of this version or older",
    )
    parser.add_argument(
        "--format",
        choices=list(_FORMATS),
        default="table",
        help="what is printed: scores in points, or fractions in csv and json",
    )
    parser.add_argument(
        "--picture",
        default="",
        metavar="FILE",
        help="draw scores against the share of weights that is trained",
    )
    parser.add_argument(
        "--reference",
        default="",
        metavar="METHOD",
        help="what the others are held to, seed by seed; by default full "
        "fine-tuning if it is among them, else the best",
    )
    parser.add_argument(
        "--best",
        action="store_true",
        help="of each recipe only the settings with the best mean dev score",
    )
    parser.add_argument(
        "--epoch",
        choices=finished_run.EPOCHS,
        default="best",
        help="whose scores: those of the best epoch, which the run kept, or of "
        "the last",
    )
    return parser

"""`score MODEL FILE ... --output DIR`: answers for files of any size."""

import argparse
import logging
import sys

from tf_adapters import scoring
from tf_adapters.data.sources.rows import FILE_FORMATS
from tf_adapters.scoring.driver import CHUNK_ROWS

SUMMARY = "answer every row of files with a SavedModel, through Apache Beam"
_BEAM = """\
What stands after `--` goes to Beam: its runner and the flags of that. Without
any, files are scored on this machine. The same command, given again, goes on
where it was stopped.
"""


def main(argv: list[str], prog: str) -> None:
    """Scores files, and prints how many rows were answered.

    Args:
        argv: the SavedModel, the files, flags, and Beam's flags after `--`.
        prog: name of the command in its help.

    Raises:
        ImportError: if Apache Beam is not installed.
        ValueError: if an argument is wrong, or a file could not be read.
    """
    end = argv.index("--") if "--" in argv else len(argv)
    flags = _parser(prog).parse_args(argv[:end])
    # Beam warns of what this needs nothing of.
    logging.getLogger().setLevel(logging.ERROR)
    columns = scoring.Columns(
        task=flags.task,
        task_column=flags.task_column,
        text_columns=tuple(flags.text_columns),
        key_columns=tuple(flags.key_columns),
    )
    scored = scoring.score_files(
        flags.model,
        flags.files,
        flags.output,
        columns,
        file_format=flags.file_format,
        delimiter=flags.delimiter,
        chunk_rows=flags.chunk_rows,
        workers=flags.workers,
        beam_flags=argv[end + 1 :],
        report=lambda line: print(line, file=sys.stderr, flush=True),
    )
    rows = scored.answered + scored.rejected
    print(
        f"{rows:,} rows: {scored.answered:,} answered in "
        f"{flags.output}/answers, {scored.rejected:,} rejected"
        + (f" in {flags.output}/rejected." if scored.rejected else ".")
    )
    if scored.failures:
        reasons = " ".join(scored.failures.values())
        raise ValueError(
            f"{len(scored.failures)} of {scored.files} file(s) could not be "
            "scored to the end. Mend what is wrong and give the same command "
            f"again. {reasons}"
        )


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description=SUMMARY,
        epilog=_BEAM,
        usage=f"{prog} MODEL FILE ... --output DIR [flags] [-- BEAM FLAGS]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("model", help="folder of the versions of a SavedModel, or of one")
    add("files", nargs="+", metavar="FILE", help="a path, or a pattern")
    add("--output", required=True, help="folder for the answers")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--task", help="of all rows")
    which.add_argument(
        "--task_column",
        default="task",
        help="the column that names the task of a row (default: task)",
    )
    add(
        "--text_columns",
        nargs="+",
        default=[],
        metavar="COLUMN",
        help="those of the texts (default: the task's own; without --task "
        "text, and text_pair where there is one)",
    )
    add(
        "--key_columns",
        nargs="+",
        default=[],
        metavar="COLUMN",
        help="those that are copied to the answers (default: none)",
    )
    add(
        "--file_format",
        choices=FILE_FORMATS,
        help="if the names of the files do not tell",
    )
    add("--delimiter", default=",", help="of csv (default: a comma)")
    add(
        "--chunk_rows",
        type=int,
        default=CHUNK_ROWS,
        help=f"rows that are asked and written at once (default: {CHUNK_ROWS})",
    )
    add("--workers", type=int, help="processes to start on this machine")
    return parser

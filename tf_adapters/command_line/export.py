"""`export RUN_DIR`: another version of a run's SavedModel."""

from tf_adapters import export
from tf_adapters.command_line.run_argument import parser_for_run
from tf_adapters.runs.restore import restore_run

SUMMARY = "write the SavedModel of a finished run"


def main(argv: list[str], prog: str) -> None:
    """Exports a run and prints the path of the new version.

    Args:
        argv: the run directory, then flags.
        prog: name of the command in its help.
    """
    parser = parser_for_run(prog, SUMMARY)
    parser.add_argument(
        "--path",
        default="",
        help="folder of the versions; by default saved_model/ in the run",
    )
    parser.add_argument(
        "--dropped_layers",
        type=int,
        nargs="*",
        default=[],
        metavar="LAYER",
        help="layers, from 0, that are served without adapters",
    )
    flags = parser.parse_args(argv)
    model, config = restore_run(flags.run_dir, flags.preset)
    written = export.export_saved_model(
        model,
        flags.path or f"{flags.run_dir}/saved_model",
        sequence_length=config.sequence_length,
        dropped_layers=flags.dropped_layers,
    )
    print(written)

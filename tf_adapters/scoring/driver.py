"""Starts a run, or goes on with one, and says what came of it."""

import dataclasses
import logging
import os
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence

from tf_adapters.scoring.columns import Columns
from tf_adapters.scoring.model import find_model
from tf_adapters.scoring.progress import Progress
from tf_adapters.scoring.progress import reporting
from tf_adapters.scoring.results import Results
from tf_adapters.scoring.shards import find_shards

# A request of so many rows takes no more memory than one of a few.
CHUNK_ROWS = 4096
_SECONDS = 10.0


@dataclasses.dataclass(frozen=True)
class Scored:
    """What became of all rows.

    Attributes:
        files: int.
        answered: int. Rows that have an answer.
        rejected: int. Rows that have a reason why not.
        failures: dict from the name of each file that is not finished to the
            reason.
    """

    files: int
    answered: int
    rejected: int
    failures: dict[str, str]


def score_files(
    model: str | os.PathLike[str],
    files: Iterable[str],
    output: str,
    columns: Columns | None = None,
    *,
    file_format: str | None = None,
    delimiter: str = ",",
    chunk_rows: int = CHUNK_ROWS,
    workers: int | None = None,
    beam_flags: Sequence[str] = (),
    report: Callable[[str], None] = lambda line: None,
) -> Scored:
    """Answers every row of files with a SavedModel, through Apache Beam.

    Called again with the same arguments, it goes on where it was stopped:
    files that are finished are not read again, and of the others no row is
    asked whose answer is written.

    Args:
        model: folder of a version of a SavedModel that this library exported,
            or of several, whose newest is meant.
        files: paths, or patterns such as `rows/*.tsv`.
        output: folder for the answers.
        columns: a `Columns`. Defaults to `Columns()`, for rows that name their
            task.
        file_format: str or `None`. `"tsv"`, `"csv"`, `"jsonl"` or `"parquet"`;
            `None` for what the name of each file ends in. Defaults to `None`.
        delimiter: str. What separates the fields of CSV. Defaults to a comma.
        chunk_rows: int. Rows that are asked, and written, at once. Defaults to
            4,096.
        workers: int or `None`. Processes on this machine; `None` for none but
            this one. Defaults to `None`.
        beam_flags: flags of Beam, such as `["--runner", "DataflowRunner"]`.
            Defaults to none: Beam's own runner on this machine.
        report: function that takes a line about how far the run is. Defaults
            to one that does nothing.

    Returns:
        A `Scored`.

    Raises:
        ImportError: if Apache Beam is not installed.
        FileNotFoundError: if the model or a file is not there.
        ValueError: if the arguments do not go together, or the folder holds
            answers of another model, with other settings, or of another file
            of the same name.
    """
    _check(chunk_rows, workers, beam_flags)
    found = find_model(model)
    columns = (columns or Columns()).of_model(found.tasks)
    shards = find_shards(files, file_format)
    _check_delimiter(delimiter, shards)
    results = Results(os.fspath(output))
    beam, pipeline = _import_beam()
    results.claim(
        {
            "model": found.sha256,
            "columns": {
                name: list(value) if isinstance(value, tuple) else value
                for name, value in dataclasses.asdict(columns).items()
            },
            "file_format": file_format,
            "delimiter": delimiter,
            "chunk_rows": chunk_rows,
        }
    )
    results.check_paths(shards)
    results.forget_failures()
    missing = [shard for shard in shards if not results.is_finished(shard)]
    progress = Progress(results, shards, chunk_rows)
    report(progress.line())
    if missing:
        starter = None if beam_flags else os.getpid()
        reader = pipeline.ReadShard(
            columns, found, chunk_rows, delimiter, results, starter
        )
        with reporting(progress, report, _SECONDS):
            with _pipeline(beam, workers, beam_flags) as steps:
                pipeline.build(steps, missing, reader, found, results)
        report(progress.line())
    return _scored(results, shards)


def _scored(results, shards):
    failures = results.failures()
    finished, counts = [], []
    for shard in shards:
        count = results.counts(shard)
        if count is not None:
            finished.append(shard)
            counts.append(count)
        elif shard.name not in failures:
            failures[shard.name] = f"{shard.path}: parts of it are missing."
    results.tidy(finished)
    return Scored(
        files=len(shards),
        answered=sum(count["answered"] for count in counts),
        rejected=sum(count["rejected"] for count in counts),
        failures=failures,
    )


def _check(chunk_rows, workers, beam_flags):
    for name, value in (("chunk_rows", chunk_rows), ("workers", workers)):
        if value is not None and value < 1:
            raise ValueError(
                f"`{name}` must be at least 1. Received: {name}={value}."
            )
    if workers is not None and beam_flags:
        raise ValueError(
            "`workers` are processes on this machine, and Beam has flags of "
            "its own for what another runner starts. Received: workers="
            f"{workers} and {' '.join(beam_flags)}. Leave one of them out."
        )


def _check_delimiter(delimiter, shards):
    if len(delimiter) != 1:
        raise ValueError(
            "`delimiter` must be one character. Received: delimiter="
            f"{delimiter!r}. Write for example ';'."
        )
    if delimiter != "," and all(s.file_format != "csv" for s in shards):
        raise ValueError(
            "`delimiter` is for CSV. Received: delimiter="
            f"{delimiter!r}, and no file of that format. Leave it out."
        )


def _import_beam():
    try:
        import apache_beam

        from tf_adapters.scoring import pipeline
    except ImportError as error:
        raise ImportError(
            "Files are scored by Apache Beam, which is not installed "
            f"({error}). Install it with `pip install 'tf_adapters[beam]'`."
        ) from error
    return apache_beam, pipeline


def _pipeline(beam, workers, beam_flags):
    from apache_beam.options.pipeline_options import PipelineOptions

    if beam_flags:
        return beam.Pipeline(options=PipelineOptions(list(beam_flags)))
    flags = []
    if workers is not None and workers > 1:
        flags = ["--direct_running_mode", "multi_processing"]
        flags += ["--direct_num_workers", str(workers)]
        # TensorFlow would start a thread for each core in each process.
        threads = max(1, (os.cpu_count() or 1) // workers)
        os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(threads))
        flags += ["--default_sdk_harness_log_level", _log_level()]
    options = PipelineOptions(flags)
    return beam.Pipeline(runner=_local_runner(options), options=options)


def _local_runner(options):
    """Returns what `DirectRunner` is where it has nothing to download.

    Else it may choose another, which starts no processes. Workers get the
    options from the runner.
    """
    from apache_beam.portability.api import beam_provision_api_pb2
    from apache_beam.runners.portability.fn_api_runner import fn_runner
    from apache_beam.runners.portability.portable_runner import JobServiceHandle

    encoded = JobServiceHandle.encode_pipeline_options(
        options.get_all_options()
    )
    provision = beam_provision_api_pb2.ProvisionInfo(pipeline_options=encoded)
    return fn_runner.FnApiRunner(
        provision_info=fn_runner.ExtendedProvisionInfo(provision)
    )


def _log_level():
    return logging.getLevelName(logging.getLogger().getEffectiveLevel())

"""What a run leaves behind when it has trained."""

from __future__ import annotations

from etils import epy

from tf_adapters import bundles
from tf_adapters import export
from tf_adapters import storage
from tf_adapters.runs.run import Run
from tf_adapters.runs.task_sources import DIAGNOSTIC
from tf_adapters.runs.task_sources import diagnostic_source

with epy.lazy_imports():
    from tf_adapters.model import parameters
    from tf_adapters.runs import predictions


def write_logs(run: Run, metrics: dict) -> None:
    """Shows TensorBoard the weights that are kept, and their scores.

    Args:
        run: a `Run` that has trained.
        metrics: what `evaluate` returned for it.
    """
    with run.watch.watching():
        run.board.finish(metrics["dev"])


def write_bundles(run: Run, metrics: dict) -> None:
    """Writes one bundle for each task, in the place of those that are there.

    What several tasks share is written once, beside them, where it is more
    than what each of them owns. Scores are noted in those of this run, and
    stay in those of earlier tasks if nothing of them was trained.

    Args:
        run: a `Run` that has trained.
        metrics: what `evaluate` returned for it.
    """
    run.say("Writing the bundles")
    # Those of an interruption, after which the run has gone on.
    run.directory.clear_bundles()
    names = run.model.task_names
    together = len(names) > 1 and parameters.shares_most(run.model)
    for name in names:
        run.model.save_task(
            name,
            run.directory.bundles / name,
            metadata=_metadata(run, name, metrics),
            shared="beside" if together else "inside",
        )


def _metadata(run: Run, name: str, metrics: dict) -> dict:
    if name in run.sources:
        return {"dev": metrics["dev"]}
    if run.config.trains != "own":
        return {}
    earlier = storage.as_path(run.config.from_run) / "bundles" / name
    return bundles.read_bundle(earlier).metadata


def write_predictions(run: Run) -> None:
    """Writes the predictions for every test set, AX among them."""
    heads = dict(zip(run.sources, run.sources, strict=True))
    sources = dict(run.sources)
    diagnostic = diagnostic_source(run.config, list(sources))
    if diagnostic is not None:
        sources[DIAGNOSTIC], heads[DIAGNOSTIC] = diagnostic, "mnli"
    folder = run.directory.predictions
    for name, source in sources.items():
        run.say(f"Predicting for {name}")
        with run.watch.watching():
            predictions.write_predictions(
                run.predictor, source, folder, heads[name]
            )


def write_saved_model(run: Run, metrics: dict) -> None:
    """Writes the next version of the SavedModel.

    Args:
        run: a `Run` that has trained.
        metrics: what `evaluate` returned for it.
    """
    run.say("Exporting the SavedModel")
    export.export_saved_model(
        run.model,
        run.directory.saved_model,
        sequence_length=run.config.sequence_length,
        scores=metrics["dev"],
    )

"""The flags with which several tasks predict together."""

import argparse

from tf_adapters import evaluation


def add_ensemble_flags(
    parser: argparse.ArgumentParser, names: argparse._ActionsContainer
) -> None:
    """Adds `--ensemble` and what belongs to it.

    Args:
        parser: the parser of a command.
        names: the parser, or the group of it that `--ensemble` belongs to.
    """
    names.add_argument(
        "--ensemble",
        nargs="+",
        default=[],
        metavar="TASK",
        help="tasks with the same labels that predict together",
    )
    parser.add_argument(
        "--steps",
        type=int,
        help="steps of an ensemble towards a sure prediction; by default 1",
    )
    parser.add_argument(
        "--step_size", type=float, help="size of these steps; by default 10"
    )
    parser.add_argument(
        "--average",
        action="store_true",
        help="take the mean of what the tasks predict on their own instead",
    )


def check_ensemble_flags(flags: argparse.Namespace) -> None:
    """Refuses flags that would do nothing.

    Raises:
        ValueError: if there are any.
    """
    steps = {"--steps": flags.steps, "--step_size": flags.step_size}
    given = [name for name, value in steps.items() if value is not None]
    if flags.average and given:
        raise ValueError(
            "`--average` takes no steps. Received: --average and "
            f"{' and '.join(given)}. Leave one of the two out."
        )
    given += ["--average"] * flags.average
    if given and not flags.ensemble:
        raise ValueError(
            f"{' and '.join(given)} must come with `--ensemble`, the tasks "
            "that predict together. Write, say, --ensemble mnli rte."
        )


def make_ensemble(flags: argparse.Namespace, model, sequence_length: int):
    """Returns the ensemble that the flags ask for.

    Args:
        flags: parsed flags, with at least one name after `--ensemble`.
        model: a `MultiTaskClassifier`.
        sequence_length: int. The most tokens of an example.

    Returns:
        An `Ensemble` or an `AverageEnsemble`.

    Raises:
        ValueError: if the tasks do not go together or a step is out of range.
    """
    options = {"sequence_length": sequence_length}
    if flags.average:
        return evaluation.AverageEnsemble(model, flags.ensemble, **options)
    if flags.steps is not None:
        options["num_steps"] = flags.steps
    if flags.step_size is not None:
        options["step_size"] = flags.step_size
    return evaluation.Ensemble(model, flags.ensemble, **options)

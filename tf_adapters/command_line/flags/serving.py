"""Flags of `ServingOptions`: smaller weights and further signatures."""

import argparse

from tf_adapters.export import ServingOptions
from tf_adapters.export.options import WEIGHTS


def add_serving_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags to the parser of a command."""
    parser.add_argument(
        "--weights",
        choices=WEIGHTS,
        default=None,
        help="bfloat16: half the bytes, multiplied as such; int8: the "
        "backbone in a quarter, multiplied as floats",
    )
    parser.add_argument(
        "--factored",
        action="store_true",
        help="store adapters that are computed from factors as factors",
    )
    parser.add_argument(
        "--without_layers",
        type=_named_layers,
        nargs="+",
        default=[],
        metavar="NAME=LAYERS",
        help="further signatures without the adapters of layers: fast=0,1,2",
    )
    parser.add_argument(
        "--ensembles",
        type=_named,
        nargs="+",
        default=[],
        metavar="NAME=TASKS",
        help="further signatures, the mean of tasks: nli=mnli,rte",
    )


def serving_options(flags: argparse.Namespace) -> ServingOptions:
    """Returns the options that the flags say.

    Raises:
        ValueError: if a name is given twice.
    """
    given = [name for name, _ in (*flags.without_layers, *flags.ensembles)]
    twice = sorted({name for name in given if given.count(name) > 1})
    if twice:
        raise ValueError(
            "Each further signature must have a name of its own. Received "
            f"twice: {', '.join(twice)}."
        )
    return ServingOptions(
        weights=flags.weights,
        factored=flags.factored,
        without_layers=dict(flags.without_layers),
        ensembles=dict(flags.ensembles),
    )


def _named(text: str) -> tuple[str, list[str]]:
    name, equals, values = text.partition("=")
    if not (name and equals and values):
        raise argparse.ArgumentTypeError(
            f"must be NAME=VALUE,VALUE. Received: {text!r}"
        )
    return name, values.split(",")


def _named_layers(text: str) -> tuple[str, list[int]]:
    name, values = _named(text)
    try:
        return name, [int(value) for value in values]
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be NAME=LAYER,LAYER, layers from 0. Received: {text!r}"
        ) from None

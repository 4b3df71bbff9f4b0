"""The flags of `tf-adapters export` that say its `ServingOptions`."""

import argparse

import pytest

from tf_adapters.command_line.flags.serving import add_serving_flags
from tf_adapters.command_line.flags.serving import serving_options
from tf_adapters.command_line.main import main
from tf_adapters.export import ServingOptions


def parse(*argv):
    parser = argparse.ArgumentParser()
    add_serving_flags(parser)
    return serving_options(parser.parse_args(argv))


def test_flags_say_options():
    without = ["--without_layers", "fast=0,1", "last=5"]
    assert parse() == ServingOptions()
    assert parse("--weights", "int8", "--factored", *without) == ServingOptions(
        weights="int8",
        factored=True,
        without_layers={"fast": [0, 1], "last": [5]},
    )
    assert parse("--ensembles", "nli=mnli,rte") == ServingOptions(
        ensembles={"nli": ["mnli", "rte"]}
    )


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("--weights", "int4"), "invalid choice"),
        (("--without_layers", "fast"), "NAME=VALUE,VALUE. Received: 'fast'"),
        (("--without_layers", "fast=low"), "layers from 0"),
        (("--ensembles", "=a,b"), "Received: '=a,b'"),
        (("--ensembles", "nli="), "Received: 'nli='"),
    ],
)
def test_malformed_flags_are_refused(argv, words, capsys):
    with pytest.raises(SystemExit):
        main(["export", "run", *argv])
    assert words in capsys.readouterr().err


def test_a_name_is_given_once():
    with pytest.raises(ValueError, match="Received twice: a"):
        parse("--without_layers", "a=0", "a=1")

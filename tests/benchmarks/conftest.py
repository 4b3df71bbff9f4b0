"""Imports the scripts of `benchmarks/`."""

import importlib
import pathlib

import pytest

FOLDER = pathlib.Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    """Imports a script as Python does that runs it."""
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module

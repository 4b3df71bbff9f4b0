"""Imports the scripts of `benchmarks/`, and runs one."""

import importlib
import pathlib

import pytest

from tests import written_runs

FOLDER = pathlib.Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    """Imports a script as Python does that runs it."""
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module


@pytest.fixture
def write_run(tmp_path):
    """Writes a run directory of that name and returns its path."""

    def write_run(name, *args, **kwargs):
        return written_runs.write_run(tmp_path / name, *args, **kwargs)

    return write_run


@pytest.fixture
def compare(script, monkeypatch, capsys):
    """Runs `compare_methods.py` and returns the rows it prints, as cells."""
    module = script("compare_methods")

    def compare(*folders, reference="houlsby", flags=()):
        argv = ["x", *map(str, folders), "--reference", reference, *flags]
        monkeypatch.setattr("sys.argv", argv)
        module.main()
        head, _, *lines = capsys.readouterr().out.splitlines()
        names = head.strip("| ").split(" | ")
        rows = [line.strip("| ").split(" | ") for line in lines]
        return [dict(zip(names, row, strict=True)) for row in rows]

    return compare

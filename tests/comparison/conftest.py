"""Writes run directories and compares them."""

import pytest

from tests import written_runs
from tf_adapters.command_line.main import main


@pytest.fixture
def write_run(tmp_path):
    """Writes a run directory of that name and returns its path."""

    def write_run(name, *args, **kwargs):
        return written_runs.write_run(tmp_path / name, *args, **kwargs)

    return write_run


@pytest.fixture
def compare(capsys):
    """Runs `tf-adapters compare` and returns what it prints."""

    def compare(*folders, code=0):
        assert main(["compare", *map(str, folders)]) == code
        return capsys.readouterr()

    return compare


@pytest.fixture
def tables(compare):
    """Returns the rows of the Markdown tables, dicts from head to cell."""

    def tables(*arguments):
        text = compare(*arguments, "--format", "markdown").out
        return [_rows(part) for part in text.split("\n\n")[1::2]]

    return tables


def _rows(table):
    head, _, *lines = table.splitlines()
    names = head.strip("| ").split(" | ")
    rows = [line.strip("| ").split(" | ") for line in lines]
    return [dict(zip(names, row, strict=True)) for row in rows]

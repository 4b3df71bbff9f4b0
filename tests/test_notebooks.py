"""Runs the notebooks from the first cell to the last, with fewer steps."""

import pathlib

import nbclient
import nbformat
import pytest

ROOT = pathlib.Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.large
@pytest.mark.pretrained
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
# The kernel and its client leave sockets to the garbage collector.
@pytest.mark.filterwarnings("ignore")
def test_a_notebook_runs(path):
    notebook = nbformat.read(path, as_version=4)
    shorten(notebook)
    client = nbclient.NotebookClient(
        notebook, timeout=600, resources={"metadata": {"path": str(ROOT)}}
    )
    client.execute()
    assert all(cell.get("outputs") is not None for cell in code_cells(notebook))


def shorten(notebook):
    steps = "steps_per_epoch=training.steps_per_epoch"
    cells = [c for c in code_cells(notebook) if "num_epochs=8" in c.source]
    assert len(cells) == 1 and steps in cells[0].source
    shorter = cells[0].source.replace("num_epochs=8", "num_epochs=2")
    cells[0].source = shorter.replace(steps, "steps_per_epoch=5")


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]

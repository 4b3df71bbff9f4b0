"""Runs the Python of the README, with a few steps in the place of epochs."""

import pathlib
import re

import pytest

README = pathlib.Path(__file__).parent.parent / "README.md"


@pytest.mark.large
@pytest.mark.pretrained
def test_the_example_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    [example] = re.findall(
        r"```python\n(.*?)```", README.read_text(), re.DOTALL
    )
    steps = "steps_per_epoch=training.steps_per_epoch"
    assert example.count("epochs=8") == 2 and example.count(steps) == 1
    example = example.replace("epochs=8", "epochs=1")
    exec(example.replace(steps, "steps_per_epoch=5"), {})
    assert (tmp_path / "bundles" / "sentiment" / "bundle.json").is_file()
    assert (tmp_path / "saved_model" / "1" / "saved_model.pb").is_file()

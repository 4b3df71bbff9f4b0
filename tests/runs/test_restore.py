"""A run directory whose `config.json` was damaged or edited."""

import json

import pytest
import tf_adapters_recipes.houlsby as houlsby

from tf_adapters.runs.restore import restore_run
from tf_adapters.runs.run_directory import RunDirectory


@pytest.fixture
def run_dir(tmp_path):
    RunDirectory(tmp_path).write_config("houlsby", houlsby.Config(), [])
    (tmp_path / "bundles").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"batch_size": "32"}, "batch_size='32' is not of type int"),
        ({"batch_size": True}, "batch_size=True is not of type int"),
        ({"tasks": "rte"}, "tasks='rte' is not of type tuple"),
        ({"tasks": [1]}, r"tasks=\[1\] is not of type tuple"),
        ({"learning_rate": None}, "learning_rate=None is not of type float"),
        ({"learning_rate": -1}, "`learning_rate` must be positive"),
        ({"pooling": "poler"}, "Did you mean 'pooler'"),
        ({"no_setting": 1}, "there is no setting no_setting"),
    ],
)
def test_a_setting_that_was_edited_is_named(run_dir, changes, message):
    path = run_dir / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(ValueError, match="as its run wrote it.*" + message):
        restore_run(str(run_dir))


@pytest.mark.parametrize(
    "text, message",
    [
        ('{"recipe": "houlsby",', "Expecting property name"),
        ("", "Expecting value"),
        ("[1]", "."),
        ("{}", "it has no 'recipe'"),
    ],
)
def test_a_damaged_file_is_named(run_dir, text, message):
    path = run_dir / "config.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"config.json.*{message}"):
        restore_run(str(run_dir))


def test_a_recipe_that_is_gone_is_said_to_be(run_dir):
    path = run_dir / "config.json"
    path.write_text(json.dumps({"recipe": "mine.py"}))
    with pytest.raises(ValueError, match="no recipe file 'mine.py'"):
        restore_run(str(run_dir))

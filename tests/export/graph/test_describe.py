import json

import numpy as np
import pytest
import tensorflow as tf

NOTHING = [np.nan] * 2


@pytest.fixture(scope="module")
def described(call):
    return call("describe")


@pytest.mark.large
def test_it_says_which_tasks_and_labels_there_are(described):
    tasks = [name.decode() for name in described["task"]]
    assert tasks == ["sentiment", "mrpc", "sts-b"]
    labels = [[x.decode() for x in row] for row in described["labels"]]
    assert labels == [
        ["negative", "positive", ""],
        ["different", "same", "unsure"],
        ["", "", ""],
    ]
    expected = [NOTHING, NOTHING, [1.0, 5.0]]
    np.testing.assert_array_equal(described["value_range"], expected)


@pytest.mark.large
def test_it_holds_what_the_file_does(described, folder):
    found = json.loads(described["metadata"])
    file = folder / "assets.extra/tf_adapters.json"
    expected = json.loads(file.read_text())
    for name in ("describe", "describe_tasks"):
        del expected["signatures"][name]
    # Folders of whoever exported are nothing for clients.
    expected["built_from"] = None
    assert found == expected


@pytest.mark.large
def test_it_describes_the_tasks_that_are_named(call, described, model):
    """As `describe` does, in the order and as often as they are named.

    But for NaN, which is no JSON.
    """
    rows = [2, 0, 2]
    names = described["task"][rows]
    found = call("describe_tasks", task=names)
    for column in ("task", "labels"):
        np.testing.assert_array_equal(found[column], described[column][rows])
    assert found["value_range"].tolist() == [[1, 5], [0, 0], [1, 5]]
    configs = [json.loads(text) for text in found["metadata"]]
    assert configs == [
        json.loads(json.dumps(model.tasks[row].get_config())) for row in rows
    ]


@pytest.mark.large
def test_the_empty_name_stands_for_the_model(call, described):
    found = call("describe_tasks", task=["mrpc", ""])
    assert found["task"].tolist() == [b"mrpc", b""]
    assert found["labels"][1].tolist() == [b"", b"", b""]
    assert found["value_range"][1].tolist() == [0, 0]
    assert found["metadata"][1] == described["metadata"]


@pytest.mark.large
def test_no_name_has_no_row(call):
    found = call("describe_tasks", task=[])
    assert found["labels"].shape == (0, 3)
    assert found["metadata"].shape == (0,)


@pytest.mark.large
def test_a_name_of_no_task_is_refused(call, artefact):
    with pytest.raises(tf.errors.InvalidArgumentError, match="nli in row 1"):
        call("describe_tasks", task=["mrpc", "nli"])
    with pytest.raises(tf.errors.InvalidArgumentError):
        artefact.signatures["describe_tasks"](task=tf.constant([["mrpc"]]))

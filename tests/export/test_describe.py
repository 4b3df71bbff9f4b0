import json

import numpy as np
import pytest


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
    nan = [np.nan] * 2
    expected = [nan, nan, [1.0, 5.0]]
    np.testing.assert_array_equal(described["value_range"], expected)


@pytest.mark.large
def test_it_holds_what_the_file_does(described, folder):
    found = json.loads(described["metadata"])
    file = folder / "assets.extra/tf_adapters.json"
    expected = json.loads(file.read_text())
    del expected["signatures"]["describe"]
    # Folders of whoever exported are nothing for clients.
    expected["built_from"] = None
    assert found == expected

import json

import pytest

from tf_adapters.data.task import Task


@pytest.fixture(scope="module")
def metadata(folder):
    return json.loads((folder / "assets.extra/tf_adapters.json").read_text())


@pytest.mark.large
def test_tasks_come_back(metadata, model):
    tasks = [Task.from_config(config) for config in metadata["tasks"]]
    assert tasks == model.tasks
    assert metadata["sequence_length"] == 16
    assert metadata["format"] == 1


@pytest.mark.large
def test_inputs_are_named_and_traced_back_to_columns(metadata):
    assert metadata["columns"]["mrpc"] == {
        "text_1_string": "#1 String",
        "text_2_string": "#2 String",
    }
    inputs = {k: [*v["inputs"]] for k, v in metadata["signatures"].items()}
    assert inputs == {
        "serving_default": ["text", "text_pair", "task"],
        "token_ids": ["padding_mask", "token_ids", "segment_ids", "task_ids"],
        "sentiment": ["sentence"],
        "mrpc": ["text_1_string", "text_2_string"],
        "sts-b": ["text_from", "to"],
        "describe": [],
        "describe_tasks": ["task"],
    }


@pytest.mark.large
def test_it_agrees_with_the_artefact(metadata, artefact):
    for name, signature in artefact.signatures.items():
        described = metadata["signatures"][name]
        for key, spec in signature.structured_outputs.items():
            expected = {"dtype": spec.dtype.name, "shape": list(spec.shape)}
            assert described["outputs"][key] == expected
        inputs = signature.structured_input_signature[1]
        assert set(described["inputs"]) == set(inputs)

"""I8: two processes train as one device does, and one of them writes."""

import numpy as np
import pytest
import safetensors.numpy

import train
from tests.runs.test_train_script import ROWS
from tests.runs.test_train_script import TASK_FILE
from tests.runs.test_train_script import metrics_of


@pytest.fixture
def arguments(tmp_path, make_backbone, tokenizer):
    """Those of a run without dropout, which two replicas draw for themselves.

    The rows of the dev sets, 39, do not divide by the workers.
    """
    preset = tmp_path / "tiny"
    make_backbone(dropout=0.0).save_to_preset(str(preset))
    tokenizer.save_to_preset(str(preset))
    (tmp_path / "rte.tsv").write_text("\n".join([*ROWS[:-1], ""]))
    (tmp_path / "tasks.yaml").write_text(TASK_FILE)

    def arguments(output):
        flags = {
            "preset": preset,
            "task_file": tmp_path / "tasks.yaml",
            "output_dir": tmp_path / output,
            "sequence_length": 16,
            "batch_size": 8,
            "num_epochs": 2,
            "head_dropout": 0.0,
            "learning_rate": 1e-3,
        }
        pairs = [(f"--{key}", str(value)) for key, value in flags.items()]
        return ["houlsby", *(part for pair in pairs for part in pair)]

    return arguments


def weights_of(folder):
    return {
        f"{path.parent.name}.{name}": array
        for path in folder.glob("bundles/*/*.safetensors")
        for name, array in safetensors.numpy.load_file(path).items()
    }


@pytest.mark.large
def test_two_workers_train_as_one_device(arguments, run_workers, tmp_path):
    # Each computes half of a batch, in two parts, its layers twice.
    memory = ["--accumulate_steps", "2", "--recompute"]
    code, printed, errors = run_workers("train.py", *arguments("two"), *memory)
    assert code == 0, errors
    assert "Strategy multi_worker: TF_CONFIG lists 2 workers" in printed[0]
    # The first speaks for both.
    assert printed[1] == []

    assert train.main(arguments("one")) == 0
    one, two = metrics_of(tmp_path / "one"), metrics_of(tmp_path / "two")
    for epoch, other in zip(one["history"], two["history"], strict=True):
        assert set(epoch) == set(other)
        for key, value in epoch.items():
            assert other[key] == pytest.approx(value, abs=1e-5), key
    for task, scores in one["dev"].items():
        assert two["dev"][task] == pytest.approx(scores, abs=1e-5)
    expected = weights_of(tmp_path / "one")
    found = weights_of(tmp_path / "two")
    assert set(found) == set(expected)
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, atol=1e-5)
    names = {path.name for path in (tmp_path / "one").iterdir()}
    assert {path.name for path in (tmp_path / "two").iterdir()} == names

import numpy as np
import pytest

from tf_adapters.data.sources import demo


@pytest.mark.parametrize("name", demo.DEMO_TASKS)
def test_every_demo_task_has_a_source_inside_the_package(name):
    source = demo.demo_source(name)
    assert source.task is demo.DEMO_TASKS[name]
    assert source.dev_splits == ("dev",)
    for split in ("train", "dev"):
        end = f"tf_adapters/data/sources/demo_data/{name}/{split}.tsv"
        assert source.files[split].endswith(end)


@pytest.mark.parametrize(
    "name, content, label",
    [
        ("acceptability", "sentence\tlabel\nFine.\tacceptable\n", 1),
        ("sentiment", "sentence\tlabel\nBad.\tnegative\n", 0),
        ("paraphrase", "sentence1\tsentence2\tlabel\nA\tB\tparaphrase\n", 1),
        ("similarity", "sentence1\tsentence2\tscore\nA\tB\t3.5\n", 3.5),
    ],
)
def test_demo_files_are_read_by_their_columns(
    tmp_path, monkeypatch, name, content, label
):
    monkeypatch.setattr(demo, "_FOLDER", tmp_path)
    (tmp_path / name).mkdir()
    (tmp_path / name / "dev.tsv").write_text(content)
    examples = demo.demo_source(name).read("dev")
    np.testing.assert_array_equal(examples.labels, [label])


def test_an_unknown_demo_task_is_refused():
    message = r"Unknown demo task 'sentiments'\. Did you mean 'sentiment'\?"
    with pytest.raises(ValueError, match=message):
        demo.demo_source("sentiments")

import pytest

from tf_adapters.data.sources.demo import DEMO_TASKS
from tf_adapters.runs.task_sources import diagnostic_source
from tf_adapters.runs.task_sources import task_sources
from tf_adapters.training.config import TrainConfig

TASK_FILE = """
tasks:
  - name: moods
    text_columns: [text]
    labels: [bad, good]
    label_column: mood
    files: {train: moods.tsv, dev: moods.tsv}
  - name: topics
    text_columns: [text]
    labels: [film, word]
    label_column: topic
    files: {train: moods.tsv, dev: moods.tsv}
"""


@pytest.fixture
def task_file(tmp_path):
    rows = "text\tmood\ttopic\nthe film is bad\tbad\tfilm\n"
    (tmp_path / "moods.tsv").write_text(rows)
    path = tmp_path / "tasks.yaml"
    path.write_text(TASK_FILE)
    return str(path)


@pytest.fixture
def rte(tmp_path):
    folder = tmp_path / "glue" / "RTE"
    folder.mkdir(parents=True)
    rows = "index\tsentence1\tsentence2\tlabel\n0\ta\tb\tentailment\n"
    for split in ("train", "dev", "test"):
        (folder / f"{split}.tsv").write_text(rows)
    return str(tmp_path / "glue")


def test_without_a_source_there_are_the_demo_tasks():
    assert list(task_sources(TrainConfig())) == list(DEMO_TASKS)


def test_the_tasks_come_in_the_order_they_are_named():
    names = ("similarity", "sentiment")
    sources = task_sources(TrainConfig(tasks=names))
    assert tuple(sources) == names
    assert sources["sentiment"].task == DEMO_TASKS["sentiment"]


def test_a_task_file_declares_tasks(task_file):
    config = TrainConfig(task_file=task_file)
    assert list(task_sources(config)) == ["moods", "topics"]
    config = TrainConfig(task_file=task_file, tasks=("topics",))
    (source,) = task_sources(config).values()
    assert source.read("train").labels.tolist() == [0]


def test_a_folder_holds_glue(rte):
    config = TrainConfig(data_dir=rte, tasks=("rte",))
    assert len(task_sources(config)["rte"].read("train")) == 1


def test_glue_tasks_must_be_named(rte):
    with pytest.raises(ValueError, match="must name the GLUE tasks"):
        task_sources(TrainConfig(data_dir=rte))


@pytest.mark.parametrize(
    "tasks, message",
    [
        (("rtee",), "Unknown task 'rtee'.*Did you mean 'rte'"),
        # It has no training set, and MNLI's head predicts it.
        (("ax",), "Unknown task 'ax'"),
        (("rte", "rte"), "each task once. Received: rte, rte"),
    ],
)
def test_wrong_names_are_refused(rte, tasks, message):
    with pytest.raises(ValueError, match=message):
        task_sources(TrainConfig(data_dir=rte, tasks=tasks))


def test_a_glue_task_without_its_files_says_how_to_give_them():
    with pytest.raises(ValueError, match="Unknown task 'rte'.*--data_dir"):
        task_sources(TrainConfig(tasks=("rte",)))


def test_the_diagnostic_set_goes_with_mnli_and_glue(rte):
    glue = TrainConfig(data_dir=rte, tasks=("rte",))
    assert diagnostic_source(glue, ["rte"]) is None
    # The folder has no AX set.
    assert diagnostic_source(glue, ["mnli"]) is None
    assert diagnostic_source(TrainConfig(), ["mnli"]) is None

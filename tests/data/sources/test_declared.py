import json

import numpy as np
import pytest

from tf_adapters import storage
from tf_adapters.data.sources.declared import load_sources

TICKETS = """
tasks:
  - name: tickets
    text_columns: [subject, body]
    labels: [billing, bug, other]
    metrics: [accuracy, matthews]
    label_column: queue
    file_format: csv
    delimiter: ";"
    files: {train: tickets/train.csv, dev: tickets/dev.csv}
    label_values: {B: billing, 7: bug}
  - name: urgency
    text_columns: [text]
    value_range: [0, 5]
    label_column: score
    columns: [score, text]
    files: {train: urgency.tsv}
"""


@pytest.fixture
def load(tmp_path):
    def load(text, name="tasks.yaml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return load_sources(tmp_path / name)

    return load


def declaration(**fields):
    usual = {
        "name": "t",
        "text_columns": ["text"],
        "labels": ["a", "b"],
        "label_column": "label",
        "files": {"train": "train.tsv"},
    }
    entry = {k: v for k, v in {**usual, **fields}.items() if v != "absent"}
    return json.dumps({"tasks": [entry]})


def test_yaml_is_loaded_in_order(load):
    sources = load(TICKETS)
    assert list(sources) == ["tickets", "urgency"]
    task = sources["tickets"].task
    assert task.text_columns == ("subject", "body")
    assert task.labels == ("billing", "bug", "other")
    assert task.metrics == ("accuracy", "matthews")
    assert sources["tickets"].delimiter == ";"
    assert sources["tickets"].label_values == {"B": "billing", "7": "bug"}
    assert sources["urgency"].task.value_range == (0.0, 5.0)


def test_declared_files_are_read_relative_to_the_declaration(load, tmp_path):
    sources = load(TICKETS)
    (tmp_path / "tickets").mkdir()
    (tmp_path / "tickets" / "train.csv").write_text(
        "queue;subject;body\nB;Bill;Too high.\n7;Crash;It fell.\nother;Hi;Yo.\n"
    )
    (tmp_path / "urgency.tsv").write_text("4.5\tNow!\n")
    examples = sources["tickets"].read("train")
    assert examples.texts[1] == ["Too high.", "It fell.", "Yo."]
    np.testing.assert_array_equal(examples.labels, [0, 1, 2])
    np.testing.assert_array_equal(sources["urgency"].read("train").labels, 4.5)


def test_an_absolute_path_stays(load, tmp_path):
    path = str(tmp_path / "elsewhere" / "train.tsv")
    text = declaration(files={"train": path})
    assert load(text, "tasks.json")["t"].files["train"] == path


def test_json_says_the_same_as_yaml(load):
    yaml = pytest.importorskip("yaml")
    entries = yaml.safe_load(TICKETS)
    assert load(json.dumps(entries), "tasks.json") == load(TICKETS, "tasks.yml")


def test_numbers_are_taken_as_names_of_labels(load):
    task = load(declaration(labels=[0, 1, "two"]))["t"].task
    assert task.labels == ("0", "1", "two")


def test_a_labelled_test_file_can_be_declared(load):
    source = load(declaration(unlabelled=[]))["t"]
    assert source.unlabelled == ()


@pytest.mark.parametrize("labels", ["[yes, no]", "[on, off]", "[a, null]"])
def test_labels_that_yaml_does_not_read_as_strings_are_refused(load, labels):
    text = TICKETS.replace("[billing, bug, other]", labels)
    message = r"tasks\.yaml, task number 1 \('tickets'\): `labels`.*Quote it"
    with pytest.raises(ValueError, match=message):
        load(text)


def test_label_values_that_yaml_reads_as_booleans_are_refused(load):
    text = TICKETS.replace("{B: billing, 7: bug}", "{yes: billing}")
    with pytest.raises(ValueError, match=r"`label_values`.*Received: True\."):
        load(text)


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"label": "x"}, r"Unknown key 'label'\. Did you mean 'labels'\?"),
        ({"files": "absent"}, r"Received: name, .*label_column\. Add files\."),
        ({"text_columns": "text"}, r"Write text_columns=\('text',\)"),
        ({"labels": ["a"]}, r"at least two classes"),
        ({"label_column": "absent"}, r"label_column=None.*add train to"),
        ({"file_format": "xls"}, r"Unknown file format 'xls'"),
        ({"files": {"train": 3}}, r"`files` must be a mapping of strings"),
        ({"files": ["a.tsv"]}, r"files=\['a.tsv'\]\. .*: \{train: train\.tsv"),
        ({"columns": "text"}, r"`columns` must be a list.*: \[label, sentence"),
        ({"columns": ["text"]}, r"Unknown column 'label' in `columns`"),
        ({"unlabelled": "test"}, r"`unlabelled` must be a list.*\[test\]"),
        ({"label_values": ["a"]}, r"`label_values` must be a mapping"),
        ({"label_values": {"1": "c"}}, r"Unknown label 'c' in `label_values`"),
    ],
)
def test_a_task_that_is_wrong_is_refused_with_its_place(load, fields, message):
    place = r"tasks\.yaml, task number 1 \('t'\): .*"
    with pytest.raises(ValueError, match=place + message):
        load(declaration(**fields))


def test_a_task_that_is_no_mapping_is_refused(load):
    with pytest.raises(ValueError, match=r"number 1 \(None\): A task must be"):
        load("tasks: [tickets]")


def test_two_tasks_of_one_name_are_refused(load):
    text = TICKETS.replace("name: urgency", "name: tickets")
    message = r"Received: name='tickets' twice\. Rename task number 2"
    with pytest.raises(ValueError, match=message):
        load(text)


@pytest.mark.parametrize(
    "text, received",
    [
        ("- name: t", "list"),
        ("task: []", r"keys \{'task'\}"),
        ("tasks: []", r"keys \{'tasks'\}"),
        ("{}", "keys "),
        ("just text", "str"),
    ],
)
def test_a_file_without_tasks_is_refused(load, text, received):
    message = rf"the key `tasks` only.*Received: {received}\. Write `tasks:`"
    with pytest.raises(ValueError, match=message):
        load(text)


@pytest.mark.parametrize(
    "name, message",
    [
        ("tasks.json", r"valid JSON\. Received: Expecting.*line 1 column 1"),
        ("tasks.yaml", r"(?s)valid YAML\. Received: .*line 1, column"),
        ("tasks.txt", r"must be JSON or YAML\. Received: .*ends in '\.txt'"),
    ],
)
def test_a_file_in_another_language_is_refused(load, name, message):
    with pytest.raises(ValueError, match=message):
        load("tasks: [}", name)


def test_a_missing_declaration_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"The file must exist"):
        load_sources(tmp_path / "tasks.yaml")


def test_files_may_be_in_an_object_store(load, object_store):
    path = object_store.root / "tasks.yaml"
    storage.write_whole(path, TICKETS.encode())
    sources = load_sources(str(path))
    assert sources["tickets"].files == {
        "train": f"{object_store.root}/tickets/train.csv",
        "dev": f"{object_store.root}/tickets/dev.csv",
    }
    # Also where the declaration is not.
    (source,) = load(declaration(files={"train": "gs://b/a.tsv"})).values()
    assert source.files == {"train": "gs://b/a.tsv"}

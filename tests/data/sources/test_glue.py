import re

import numpy as np
import pytest

from tf_adapters import storage
from tf_adapters.data.sources.glue import GLUE_TASKS
from tf_adapters.data.sources.glue import glue_source
from tf_adapters.data.sources.glue import submission_label
from tf_adapters.data.sources.glue import submission_name

MNLI_HEAD = (
    "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\t"
    "sentence2_binary_parse\tsentence1_parse\tsentence2_parse\t"
    "sentence1\tsentence2"
)

# Folder, header and two rows of the train file, header of the test file, and
# what the two rows hold: written by hand after the published files.
LAYOUTS = {
    "cola": (
        "CoLA",
        "gj04\t1\t\tFine.\ngj04\t0\t*\tNot fine.\n",
        "index\tsentence\n0\tFine.\n",
        (["Fine.", "Not fine."],),
        [1, 0],
    ),
    "sst2": (
        "SST-2",
        'sentence\tlabel\n"good \t1\nbad \t0\n',
        "index\tsentence\n0\tgood\n",
        (['"good ', "bad "],),
        [1, 0],
    ),
    "mrpc": (
        "MRPC",
        "\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\n"
        '1\t7\t8\t" A .\tB\n0\t9\t10\tC\tD\n',
        "index\t#1 ID\t#2 ID\t#1 String\t#2 String\n0\t1\t2\tA\tB\n",
        (['" A .', "C"], ["B", "D"]),
        [1, 0],
    ),
    "stsb": (
        "STS-B",
        "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\t"
        "sentence1\tsentence2\tscore\n"
        "0\tg\tf\t2012\t1\tn\tn\tA\tB\t5.000\n1\tg\tf\t2012\t1\tn\tn\tC\tD\t0.4",
        "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\t"
        "sentence1\tsentence2\n0\tg\tf\t2012\t1\tn\tn\tA\tB\n",
        (["A", "C"], ["B", "D"]),
        [5.0, np.float32(0.4)],
    ),
    "qqp": (
        "QQP",
        "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n"
        "1\t2\t3\tA?\t\t0\n4\t5\t6\tC?\tD?\t1\n",
        "id\tquestion1\tquestion2\n0\tA?\tB?\n",
        (["A?", "C?"], ["", "D?"]),
        [0, 1],
    ),
    "mnli": (
        "MNLI",
        f"{MNLI_HEAD}\tlabel1\tgold_label\n"
        "0\t1\t2\tg\t\t\t\t\tA\tB\tx\tneutral\n"
        "1\t1\t2\tg\t\t\t\t\tC\tD\tx\tcontradiction\n",
        f"{MNLI_HEAD}\n0\t1\t2\tg\t\t\t\t\tA\tB\n",
        (["A", "C"], ["B", "D"]),
        [1, 2],
    ),
    "qnli": (
        "QNLI",
        "index\tquestion\tsentence\tlabel\n"
        "0\tA?\tB\tentailment\n1\tC?\tD\tnot_entailment\n",
        "index\tquestion\tsentence\n0\tA?\tB\n",
        (["A?", "C?"], ["B", "D"]),
        [0, 1],
    ),
    "rte": (
        "RTE",
        "index\tsentence1\tsentence2\tlabel\n"
        "0\tA\tB\tnot_entailment\n1\tC\tD\tentailment\n",
        "index\tsentence1\tsentence2\n0\tA\tB\n",
        (["A", "C"], ["B", "D"]),
        [1, 0],
    ),
    "wnli": (
        "WNLI",
        "index\tsentence1\tsentence2\tlabel\n0\tA\tB\t1\n1\tC\tD\t0\n",
        "index\tsentence1\tsentence2\n0\tA\tB\n",
        (["A", "C"], ["B", "D"]),
        [1, 0],
    ),
}


@pytest.fixture
def write(tmp_path):
    def write(folder, **files):
        (tmp_path / folder).mkdir(exist_ok=True)
        for name, content in files.items():
            path = tmp_path / folder / f"{name}.tsv"
            path.write_text(content, encoding="utf-8")

    return write


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_task_is_read_from_its_published_layout(tmp_path, write, name):
    folder, train, test, texts, labels = LAYOUTS[name]
    dev, test_file = ("dev", "test")
    if name == "mnli":
        dev, test_file = "dev_matched", "test_matched"
    write(folder, **{"train": train, dev: train, test_file: test})

    source = glue_source(name, tmp_path)

    assert source.task is GLUE_TASKS[name]
    assert list(source.files) == ["train", "dev", "test"]
    for split in ("train", "dev"):
        examples = source.read(split)
        assert examples.texts == texts
        np.testing.assert_array_equal(examples.labels, labels)
    assert source.read("test").labels is None
    assert len(source.read("test")) == 1


def test_the_table_covers_glue_and_its_diagnostic_set():
    assert set(GLUE_TASKS) == {*LAYOUTS, "ax"}


def test_mnli_has_a_second_dev_and_test_split(tmp_path, write):
    _, train, test, *_ = LAYOUTS["mnli"]
    for end in ("matched", "mismatched"):
        write("MNLI", **{f"dev_{end}": train, f"test_{end}": test})
    write("MNLI", train=train)
    source = glue_source("mnli", tmp_path)
    assert source.dev_splits == ("dev", "dev_mismatched")
    assert source.files["dev"].endswith("MNLI/dev_matched.tsv")
    assert source.files["test"].endswith("MNLI/test_matched.tsv")
    assert source.read("test_mismatched").labels is None
    np.testing.assert_array_equal(source.read("dev_mismatched").labels, [1, 2])


def test_ax_is_found_where_the_authors_script_puts_it(tmp_path, write):
    write("diagnostic", diagnostic="index\tsentence1\tsentence2\n0\tA\tB\n")
    assert len(glue_source("ax", tmp_path).read("test")) == 1


def test_ax_has_a_test_split_and_the_labels_of_mnli(tmp_path, write):
    write("AX", diagnostic="index\tsentence1\tsentence2\n0\tA\tB\n")
    source = glue_source("ax", tmp_path)
    assert list(source.files) == ["test"]
    assert source.dev_splits == ()
    assert source.read("test").texts == (["A"], ["B"])
    assert source.task.labels == GLUE_TASKS["mnli"].labels


def test_rows_of_qqp_that_a_line_break_has_cut_are_left_out(tmp_path, write):
    _, train, *_ = LAYOUTS["qqp"]
    cut = '7\t8\t9\t"Was he real?\tWas he?\n"\tWas he real?\t0\n'
    write("QQP", train=train + cut + "10\t11\t12\tE?\tF?\t1\n", dev=train)
    source = glue_source("qqp", tmp_path)
    with pytest.warns(UserWarning, match=r"left out 2 row\(s\)"):
        assert len(source.read("train")) == 3


def test_no_other_task_may_have_broken_rows(tmp_path, write):
    _, train, *_ = LAYOUTS["rte"]
    write("RTE", train=train + "2\tE\n", dev=train)
    with pytest.raises(ValueError, match=r"train\.tsv:4: every row must"):
        glue_source("rte", tmp_path).read("train")


@pytest.mark.parametrize(
    "name, labels",
    [
        # As in Hugging Face's `glue` and TensorFlow Datasets 4.9.10.
        ("cola", ("unacceptable", "acceptable")),
        ("sst2", ("negative", "positive")),
        ("mrpc", ("not_equivalent", "equivalent")),
        ("qqp", ("not_duplicate", "duplicate")),
        ("mnli", ("entailment", "neutral", "contradiction")),
        ("qnli", ("entailment", "not_entailment")),
        ("rte", ("entailment", "not_entailment")),
        ("wnli", ("not_entailment", "entailment")),
    ],
)
def test_labels_have_the_order_that_others_publish_models_in(name, labels):
    assert GLUE_TASKS[name].labels == labels


@pytest.mark.parametrize(
    "name, metrics",
    [
        ("cola", ("matthews",)),
        ("mrpc", ("accuracy", "f1")),
        ("qqp", ("accuracy", "f1")),
        ("stsb", ("pearson", "spearman")),
        ("mnli", ("accuracy",)),
    ],
)
def test_tasks_have_the_metrics_of_the_leaderboard(name, metrics):
    assert GLUE_TASKS[name].metrics == metrics


def test_an_unknown_task_is_refused(tmp_path):
    message = r"Unknown GLUE task 'CoLA'\. Did you mean 'cola'\? Known GLUE t"
    with pytest.raises(ValueError, match=message):
        glue_source("CoLA", tmp_path)


def test_a_missing_data_dir_is_refused(tmp_path):
    message = (
        r"must hold the folder RTE with train\.tsv and dev\.tsv\. Received: "
        r"data_dir='.*nowhere', which is no folder\. Give the folder"
    )
    with pytest.raises(FileNotFoundError, match=message):
        glue_source("rte", tmp_path / "nowhere")


def test_a_missing_task_folder_is_refused_with_what_is_there(tmp_path, write):
    write("rte", train="")
    write("QQP", train="")
    message = rf"Received: '{re.escape(str(tmp_path))}', which holds QQP, rte"
    with pytest.raises(FileNotFoundError, match=message):
        glue_source("cola", tmp_path)


def test_a_missing_dev_file_is_refused_with_what_is_there(tmp_path, write):
    write("MNLI", train="", dev="")
    message = r"and dev_matched\.tsv\. .*MNLI', which holds dev\.tsv, train\.t"
    with pytest.raises(FileNotFoundError, match=message):
        glue_source("mnli", tmp_path)


def test_an_empty_folder_is_said_to_hold_nothing(tmp_path):
    message = r"folder AX with diagnostic\.tsv\. .*which holds nothing"
    with pytest.raises(FileNotFoundError, match=message):
        glue_source("ax", tmp_path)


def test_submissions_are_named_as_the_leaderboard_asks():
    names = {name: submission_name(name, "test") for name in GLUE_TASKS}
    assert names == {
        "cola": "CoLA.tsv",
        "sst2": "SST-2.tsv",
        "mrpc": "MRPC.tsv",
        "stsb": "STS-B.tsv",
        "qqp": "QQP.tsv",
        "mnli": "MNLI-m.tsv",
        "qnli": "QNLI.tsv",
        "rte": "RTE.tsv",
        "wnli": "WNLI.tsv",
        "ax": "AX.tsv",
    }
    assert submission_name("mnli", "test_mismatched") == "MNLI-mm.tsv"


@pytest.mark.parametrize(
    "name, split", [("rte", "dev"), ("rte", "test_mismatched"), ("mnli", "dev")]
)
def test_only_test_splits_are_submitted(name, split):
    message = rf"Unknown test split '{split}' of GLUE task '{name}' to submit"
    with pytest.raises(ValueError, match=message):
        submission_name(name, split)


@pytest.mark.parametrize(
    "name, prediction, expected",
    [
        ("cola", 1, "1"),
        ("sst2", 0, "0"),
        ("mrpc", 1, "1"),
        ("qqp", 0, "0"),
        ("wnli", np.int64(1), "1"),
        ("mnli", 2, "contradiction"),
        ("qnli", 1, "not_entailment"),
        ("rte", np.int32(0), "entailment"),
        ("ax", 1, "neutral"),
        ("stsb", np.float32(3.14159), "3.142"),
        ("stsb", 5.2, "5.000"),
        ("stsb", -0.0001, "0.000"),
    ],
)
def test_predictions_are_written_as_the_leaderboard_asks(
    name, prediction, expected
):
    assert submission_label(GLUE_TASKS[name], prediction) == expected


@pytest.mark.parametrize("prediction", [-1, 2])
def test_an_index_without_a_label_is_not_submitted(prediction):
    message = rf"of 'rte'\. Received: prediction={prediction}\. .*from 0 to 1"
    with pytest.raises(ValueError, match=message):
        submission_label(GLUE_TASKS["rte"], prediction)


def test_glue_may_be_in_an_object_store(object_store):
    data_dir = object_store.root / "GLUE"
    with pytest.raises(FileNotFoundError, match=f"'{data_dir}', which is no f"):
        glue_source("cola", str(data_dir))
    rows = b"gj04\t1\t\tFine.\n"
    storage.write_whole(data_dir / "CoLA" / "train.tsv", rows)
    with pytest.raises(FileNotFoundError, match="CoLA', which holds train.tsv"):
        glue_source("cola", str(data_dir))
    storage.write_whole(data_dir / "CoLA" / "dev.tsv", rows)
    source = glue_source("cola", str(data_dir))
    assert source.splits == ("train", "dev")
    assert source.read("dev").texts == (["Fine."],)

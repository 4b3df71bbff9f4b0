import gzip
import io

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from tf_adapters import storage
from tf_adapters.data.sources.source import Source
from tf_adapters.data.task import Task

SPAM = Task(name="spam", text_columns=("text",), labels=("ham", "spam"))
PAIR = Task(name="pair", text_columns=("a", "b"), value_range=(0, 5))


@pytest.fixture
def write(tmp_path):
    def write(content, name="train.tsv"):
        path = tmp_path / name
        path.write_bytes(content.encode("utf-8"))
        return str(path)

    return write


def spam_source(path, split="train", **kwargs):
    kwargs = {"label_column": "label", **kwargs}
    return Source(task=SPAM, files={split: path}, **kwargs)


def pair_source(path):
    return Source(task=PAIR, files={"dev": path}, label_column="score")


def test_a_classification_is_read_in_the_order_of_the_file(write):
    path = write("label\tid\ttext\nspam\t7\tBuy!\nham\t8\t Hi  there. \n")
    examples = spam_source(path).read("train")
    assert examples.task is SPAM
    assert examples.texts == (["Buy!", " Hi  there. "],)
    assert examples.labels.dtype == "float32"
    np.testing.assert_array_equal(examples.labels, [1, 0])


def test_a_regression_over_pairs_is_read(write):
    examples = pair_source(write("b\tscore\ta\nB\t2.5\tA\n")).read("dev")
    assert examples.texts == (["A"], ["B"])
    np.testing.assert_array_equal(examples.labels, np.float32([2.5]))


@pytest.mark.parametrize(
    "file_format, content",
    [
        ("csv", 'text,label\r\n"Hi, ""you""\n",ham\r\n'),
        ("jsonl", '{"label": "ham", "x": [1], "text": "Hi, \\"you\\"\\n"}'),
    ],
)
def test_other_formats_are_read(write, file_format, content):
    source = spam_source(write(content), file_format=file_format)
    examples = source.read("train")
    assert examples.texts == (['Hi, "you"\n'],)
    np.testing.assert_array_equal(examples.labels, [0])


def test_csv_may_be_separated_by_something_else(write):
    """As Excel writes it where the comma is that of decimals."""
    path = write('"text";"label"\r\n"a; b, c";"spam"\r\nd;ham\r\n')
    source = spam_source(path, file_format="csv", delimiter=";")
    examples = source.read("train")
    assert examples.texts == (["a; b, c", "d"],)
    np.testing.assert_array_equal(examples.labels, [1, 0])


@pytest.mark.parametrize(
    "content, likely",
    [
        ('"text";"label"\n"a";"spam"\n', '";"'),
        ("text;label\na, b;spam\n", '";"'),
        ("text|label\na|spam\n", r'"\|"'),
        ("text\tlabel\na\tspam\n", r'"\\t"'),
    ],
)
def test_csv_separated_by_something_else_is_told_so(write, content, likely):
    source = spam_source(write(content), file_format="csv")
    message = f"looks separated by {likely}: write delimiter: {likely}"
    with pytest.raises(ValueError, match=message):
        source.read("train")


def test_csv_that_is_wrong_otherwise_is_not_told_so(write):
    source = spam_source(write("txt,label\na;b,spam\n"), file_format="csv")
    with pytest.raises(ValueError, match="column 'text'") as raised:
        source.read("train")
    assert "delimiter" not in str(raised.value)


def test_a_whole_document_is_one_field(write):
    text = "word " * 40_000
    path = write(f'text,label\n"{text}",spam\n')
    examples = spam_source(path, file_format="csv").read("train")
    assert examples.texts == ([text],)


def test_values_of_the_file_stand_for_labels(write):
    path = write("text\tlabel\na\t1\nb\t0\nc\tspam\n")
    source = spam_source(path, label_values={"0": "ham", "1": "spam"})
    np.testing.assert_array_equal(source.read("train").labels, [1, 0, 1])


def test_a_file_without_a_header_is_read(write):
    columns = {"train": ("label", "text")}
    source = spam_source(write("ham\tHi.\n"), columns=columns)
    assert source.read("train").texts == (["Hi."],)


def test_an_unlabelled_file_without_a_header_needs_no_label_column(write):
    columns = {"test": ("text",)}
    source = spam_source(write("Hi.\n"), split="test", columns=columns)
    assert source.read("test").texts == (["Hi."],)


def test_the_labels_of_an_unlabelled_split_are_never_read(write):
    with_column = spam_source(write("text\tlabel\nHi.\t?\n"), split="test")
    assert with_column.read("test").labels is None
    without_column = spam_source(write("text\nHi.\n"), split="test")
    assert without_column.read("test").labels is None


def test_a_test_split_may_be_labelled(write):
    path = write("text\tlabel\nHi.\tham\n")
    source = spam_source(path, split="test", unlabelled=())
    np.testing.assert_array_equal(source.read("test").labels, [0])


def test_a_source_without_labels_needs_no_label_column(write):
    source = spam_source(write("text\nHi.\n"), "test", label_column=None)
    assert len(source.read("test")) == 1


def test_the_dev_splits_are_those_that_are_there():
    files = {"train": "", "dev_b": "", "test": "", "dev": ""}
    source = Source(task=SPAM, files=files, label_column="label")
    assert source.dev_splits == ("dev_b", "dev")


def test_one_text_of_a_pair_may_be_empty(write):
    source = pair_source(write("a\tb\tscore\nA\t\t1\n\tB\t2\n"))
    assert source.read("dev").texts == (["A", ""], ["", "B"])


def test_an_example_without_text_is_refused(write):
    message = r"train\.tsv:3: an example must have text.*nothing in a and b\."
    with pytest.raises(ValueError, match=message):
        pair_source(write("a\tb\tscore\nA\tB\t1\n \t\t2\n")).read("dev")


def test_a_carriage_return_ends_no_text(write):
    source = pair_source(write("score\ta\tb\n1\tA \r\tB\r\n"))
    assert source.read("dev").texts == (["A "], ["B"])


def test_broken_rows_are_left_out_if_that_is_allowed(write):
    path = write("text\tlabel\ncut\noff\tham\n")
    with pytest.warns(UserWarning, match=r"train\.tsv: left out 1 row\(s\)"):
        examples = spam_source(path, max_broken_rows=1).read("train")
    assert examples.texts == (["off"],)
    with pytest.raises(ValueError, match=r"train\.tsv:2: every row must"):
        spam_source(path).read("train")


def test_an_unknown_split_is_refused():
    message = r"Unknown split 'trian' of task 'spam'\. Did you mean 'train'\?"
    with pytest.raises(ValueError, match=message):
        spam_source("train.tsv").read("trian")


def test_a_missing_text_column_is_refused(write):
    message = (
        r"Unknown column 'text' of .*train\.tsv\. Did you mean 'txt'\? Known "
        r"columns: label, txt\. The file was read as 'tsv'\. .*`text_columns`"
    )
    with pytest.raises(ValueError, match=message):
        spam_source(write("label\ttxt\nham\tHi.\n")).read("train")


def test_a_missing_label_column_is_refused(write):
    message = r"Unknown column 'label' of.*Known columns: text\..*`unlabelled`"
    with pytest.raises(ValueError, match=message):
        spam_source(write("text\nHi.\n")).read("train")


def test_an_unknown_label_is_refused_with_its_line(write):
    path = write("text\tlabel\na\tham\nb\tspan\n")
    message = r"train\.tsv:3: Unknown label 'span'.*mean 'spam'\?.*ham, spam\."
    with pytest.raises(ValueError, match=message):
        spam_source(path).read("train")


def test_a_score_out_of_range_is_refused_with_its_line(write):
    message = r"train\.tsv:2: The label of task 'pair'.*Received: '7'"
    with pytest.raises(ValueError, match=message):
        pair_source(write("a\tb\tscore\nA\tB\t7\n")).read("dev")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"The file must exist"):
        spam_source(str(tmp_path / "train.tsv")).read("train")


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"file_format": "TSV"}, r"file format 'TSV'\. Did you mean 'tsv'\?"),
        ({"files": {}}, r"at least one split\. Received: files={}\."),
        ({"files": {"tran": ""}}, r"'tran' in `files`\. Did you mean 'train'"),
        ({"files": {"validation": ""}}, r"starts like these, such as 'dev_m"),
        ({"delimiter": ";;", "file_format": "csv"}, r"one character.*';;'"),
        ({"delimiter": ";"}, r"for file_format='csv'.*file_format='tsv'"),
        ({"label_column": None}, r"label_column=None.*add train to `unlabel"),
        ({"columns": {"dev": ()}}, r"split 'dev' in `columns`\. .*: train\."),
        (
            {"columns": {"train": ("label", "txt")}},
            r"column 'text' in `columns` of split 'train'\. Did you mean 'txt'",
        ),
        (
            {"columns": {"train": ("text",)}},
            r"Unknown column 'label' in `columns` of split 'train'",
        ),
        (
            {"columns": {"train": ("text", "label")}, "file_format": "jsonl"},
            r"`columns` must be empty for 'jsonl'",
        ),
        ({"label_values": {"1": "spaam"}}, r"'spaam' in `label_values`\. Did"),
        (
            {"task": PAIR, "label_values": {"1": "one"}},
            r"must be empty for a regression.*label_values={'1': 'one'}",
        ),
    ],
)
def test_a_source_that_contradicts_itself_is_refused(fields, message):
    usual = {"task": SPAM, "files": {"train": ""}, "label_column": "label"}
    with pytest.raises(ValueError, match=message):
        Source(**{**usual, **fields})


def as_parquet():
    file = io.BytesIO()
    table = pyarrow.table({"text": ["Hi, you"], "label": ["spam"]})
    parquet.write_table(table, file)
    return file.getvalue()


@pytest.mark.parametrize(
    "name, file_format, content",
    [
        ("a.tsv", "tsv", b"text\tlabel\nHi, you\tspam\n"),
        ("a.tsv.gz", "tsv", gzip.compress(b"text\tlabel\nHi, you\tspam\n")),
        ("a.csv", "csv", b'text,label\r\n"Hi, you",spam\r\n'),
        ("a.jsonl", "jsonl", b'{"text": "Hi, you", "label": "spam"}'),
        ("a.parquet", "parquet", as_parquet()),
    ],
    # A compressed file holds the time, and workers collect at different ones.
    ids=["tsv", "tsv.gz", "csv", "jsonl", "parquet"],
)
def test_files_of_any_format_may_be_in_an_object_store(
    object_store, name, file_format, content
):
    path = object_store.root / "data" / name
    storage.write_whole(path, content)
    source = spam_source(str(path), file_format=file_format)
    examples = source.read("train")
    assert examples.texts == (["Hi, you"],)
    np.testing.assert_array_equal(examples.labels, [1])


def test_what_is_wrong_with_an_object_is_said_with_its_place(object_store):
    folder = object_store.root / "data"
    path = folder / "a.tsv"
    message = f"'{path}', which is no such file; there is no folder '{folder}'"
    with pytest.raises(FileNotFoundError, match=message):
        spam_source(str(path)).read("train")
    storage.write_whole(folder / "b.tsv.gz", gzip.compress(b"text")[:-9])
    with pytest.raises(FileNotFoundError, match="its folder holds b.tsv.gz"):
        spam_source(str(path)).read("train")
    with pytest.raises(ValueError, match="b.tsv.gz: a file that is called .gz"):
        spam_source(str(folder / "b.tsv.gz")).read("train")
    storage.write_whole(path, b"text\tlabel\nHi\teggs\n")
    with pytest.raises(ValueError, match=f"{path}:2: .*eggs"):
        spam_source(str(path)).read("train")

"""Parquet files, written by pyarrow."""

import builtins
import datetime

import numpy as np
import pyarrow
import pytest
import tensorflow as tf
from pyarrow import parquet

from tf_adapters.data.sources.rows import read_rows
from tf_adapters.data.sources.source import Source
from tf_adapters.data.task import Task

SPAM = Task(name="spam", text_columns=("text",), labels=("0", "1"))


@pytest.fixture
def source(tmp_path):
    def source(columns, row_group_size=None):
        path = tmp_path / "train.parquet"
        table = pyarrow.table(columns)
        parquet.write_table(table, path, row_group_size=row_group_size)
        return Source(
            task=SPAM,
            files={"train": str(path)},
            file_format="parquet",
            label_column="label",
        )

    return source


@pytest.mark.parametrize(
    "label",
    [
        pyarrow.array(["1", "0", "1"]),
        pyarrow.array([1, 0, 1]),
        pyarrow.array(["1", "0", "1"]).dictionary_encode(),
    ],
    ids=["string", "int", "category"],
)
def test_rows_are_read_in_their_order(source, label):
    dates = [datetime.date(2026, 1, i) for i in (1, 2, 3)]
    columns = {"date": dates, "label": label, "text": ["a", "b\n\u00e4", " "]}
    columns["text"][2] = "c"
    examples = source(columns, row_group_size=2).read("train")
    assert examples.texts == (["a", "b\n\u00e4", "c"],)
    np.testing.assert_array_equal(examples.labels, [1, 0, 1])


@pytest.mark.parametrize(
    "columns, message",
    [
        ({"text": ["a", None], "label": [1, 0]}, "parquet:2.*text=null"),
        ({"text": ["a", "b"], "label": [1, 2]}, "parquet:2.*label '2'"),
        ({"txt": ["a"], "label": [1]}, "column 'text'.*mean 'txt'"),
        ({"text": ["a"], "label": [[1]]}, r"parquet:1.*label=\[1\]"),
        ({"text": [b"a"], "label": [1]}, "parquet:1.*text=b'a'"),
        ({"text": [], "label": []}, "at least one row"),
    ],
)
def test_what_is_wrong_is_named_with_its_row(source, columns, message):
    with pytest.raises(ValueError, match=message):
        source(columns).read("train")


def test_of_a_file_elsewhere_no_more_is_read_than_is_needed(
    object_store, tmp_path, monkeypatch
):
    random = np.random.default_rng(0)
    values = [random.bytes(100).hex() for _ in range(5000)]
    table = pyarrow.table({"a": values})
    parquet.write_table(table, tmp_path / "a", row_group_size=1000)
    content = (tmp_path / "a").read_bytes()
    path = object_store.root / "rows.parquet"
    path.write_bytes(content)
    sizes, read = [], tf.io.gfile.GFile.read

    def count(file, n=-1):
        data = read(file, n)
        sizes.append(len(data))
        return data

    monkeypatch.setattr(tf.io.gfile.GFile, "read", count)
    rows = read_rows(str(path), "parquet")
    assert next(rows) == (1, {"a": values[0]})
    assert sum(sizes) < len(content) / 2
    assert [row["a"] for _, row in rows] == values[1:]


def test_another_file_is_refused(source, tmp_path):
    right = source({"text": ["a"], "label": [1]})
    (tmp_path / "train.parquet").write_text("text,label\na,1\n")
    with pytest.raises(ValueError, match="must be Parquet.*`file_format`"):
        right.read("train")


def test_pyarrow_is_asked_for(source, monkeypatch):
    right = source({"text": ["a"], "label": [1]})
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"tf_adapters\[parquet\]"):
        right.read("train")


def test_a_broken_row_is_told_and_what_is_optional_may_be_absent(tmp_path):
    path = tmp_path / "rows.parquet"
    columns = {"a": ["x", None, "y"], "b": [None, "1", "2"]}
    parquet.write_table(pyarrow.table(columns), path)
    first, (number, broken), last = read_rows(
        path,
        "parquet",
        ("a", "b", "c"),
        optional=("b", "c"),
        keep_broken=True,
    )
    assert first == (1, {"a": "x", "b": "", "c": ""})
    assert number == 2 and "a=null" in broken.reason
    assert last == (3, {"a": "y", "b": "2", "c": ""})

import gzip
import json

import pytest

from tf_adapters.scoring.columns import Columns
from tf_adapters.scoring.questions import read_chunks
from tf_adapters.scoring.shards import find_shards


@pytest.fixture
def chunks_of(tmp_path, tasks):
    """Writes a file, and reads it in chunks of two rows."""

    def chunks_of(content, name="rows.tsv", chunk_rows=2, **columns):
        path = tmp_path / name
        path.write_bytes(content)
        [shard] = find_shards([str(path)])
        own = Columns(**columns).of_model(tasks)
        return list(read_chunks(shard, own, tasks, chunk_rows))

    return chunks_of


def asked(chunks):
    return [
        (q.place["row"], q.task, q.text, q.text_pair)
        for chunk in chunks
        for q in chunk.questions
    ]


def test_every_row_is_in_one_chunk(chunks_of):
    rows = b"".join(b"%d\tgood\n" % i for i in range(5))
    chunks = chunks_of(b"id\tsentence\n" + rows, task="mood")
    assert [len(chunk.questions) for chunk in chunks] == [2, 2, 1]
    assert [chunk.number for chunk in chunks] == [0, 1, 2]
    assert [chunk.is_last for chunk in chunks] == [False, False, True]
    assert [row for row, *_ in asked(chunks)] == [2, 3, 4, 5, 6]


def test_a_full_last_chunk_is_the_last(chunks_of):
    chunks = chunks_of(b"sentence\na\nb\n", task="mood")
    assert [(c.num_rows, c.is_last) for c in chunks] == [(2, True)]


@pytest.mark.parametrize("content", [b"", b"\n", b"sentence\n"])
@pytest.mark.parametrize(
    "name", ["rows.tsv", "rows.csv", "rows.jsonl", "rows.tsv.gz"]
)
def test_a_file_without_rows_is_one_empty_chunk(chunks_of, name, content):
    if "json" in name:
        content = content.removeprefix(b"sentence")
    if name.endswith(".gz"):
        content = gzip.compress(content)
    [chunk] = chunks_of(content, name, task="mood")
    assert (chunk.num_rows, chunk.is_last) == (0, True)


def test_an_empty_file_of_parquet_has_no_rows(chunks_of):
    [chunk] = chunks_of(b"", "rows.parquet", task="mood")
    assert (chunk.num_rows, chunk.is_last) == (0, True)


@pytest.mark.parametrize(
    "name, content",
    [
        (
            "rows.tsv",
            b"task\ttext\ttext_pair\nmood\tgood\t\nsame\ta\tb\nnear\ta\tb\n",
        ),
        (
            "rows.csv",
            b'text,task,text_pair\n"good",mood,\na,same,b\na,near,b\n',
        ),
        (
            "rows.jsonl.gz",
            b'{"task": "mood", "text": "good", "more": []}\n'
            b'{"task": "same", "text": "a", "text_pair": "b"}\n'
            b'{"task": "near", "text_pair": "b", "text": "a"}\n',
        ),
    ],
)
def test_rows_may_be_of_any_task(chunks_of, name, content):
    if name.endswith(".gz"):
        # Not among the parameters: it holds the time, and the name of a test
        # must be the same in every process.
        content = gzip.compress(content)
    first = 1 if "json" in name else 2
    assert asked(chunks_of(content, name)) == [
        (first, "mood", "good", ""),
        (first + 1, "same", "a", "b"),
        (first + 2, "near", "a", "b"),
    ]


def test_rows_may_be_in_parquet(tmp_path, tasks):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    columns = {
        "task": ["mood", "same"],
        "text": ["good", "a"],
        "text_pair": [None, "b"],
        "id": [7, 8],
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "rows.parquet")
    shards = find_shards([str(tmp_path / "rows.parquet")])
    own = Columns(key_columns=("id",)).of_model(tasks)
    [chunk] = read_chunks(shards[0], own, tasks, 2)
    assert asked([chunk]) == [(1, "mood", "good", ""), (2, "same", "a", "b")]
    assert [q.place["key"] for q in chunk.questions] == [
        {"id": "7"},
        {"id": "8"},
    ]


@pytest.mark.parametrize(
    "row, reason",
    [
        ({"task": "mod", "text": "a"}, "Unknown task 'mod'"),
        ({"task": "mood", "text": " \u200b"}, "must not be blank.*text="),
        ({"task": "same", "text": "a"}, "must not be blank.*text_pair=''"),
        ({"task": "same", "text": "", "text_pair": "b"}, "blank.*text=''"),
        ({"task": "mood", "text": "a", "text_pair": "b"}, "reads one text"),
        ({"task": "mood"}, "Unknown column 'text'"),
        ({"task": "mood", "text": None}, "text=null"),
        ({"task": "mood", "text": "\ud83d"}, "must be UTF-8"),
    ],
)
def test_a_row_that_cannot_be_asked_has_its_reason(chunks_of, row, reason):
    good = {"task": "mood", "text": "good"}
    content = "".join(json.dumps(r) + "\n" for r in (good, row, good))
    [chunk] = chunks_of(content.encode(), "rows.jsonl", chunk_rows=9)
    assert [row for row, *_ in asked([chunk])] == [1, 3]
    [rejected] = chunk.rejected
    assert rejected["row"] == 2
    pytest.raises(ValueError, _raise, rejected["reason"]).match(reason)


def _raise(message):
    raise ValueError(message)


@pytest.mark.parametrize(
    "name, row",
    [
        ("rows.tsv", b"a\tb\n"),
        ("rows.csv", b'"a"b\n'),
        ("rows.tsv", b"a\xff\n"),
        ("rows.jsonl", b"{\n"),
        ("rows.jsonl", b'{"sentence": " "}\n'),
    ],
)
def test_a_chunk_ends_where_all_rows_are_broken_too(chunks_of, name, row):
    header = b"" if "json" in name else b"sentence\n"
    chunks = chunks_of(header + 5 * row, name, task="mood")
    assert [len(chunk.rejected) for chunk in chunks] == [2, 2, 1]
    first = 1 if "json" in name else 2
    rows = [one["row"] for chunk in chunks for one in chunk.rejected]
    assert rows == list(range(first, first + 5))


def test_a_rejected_row_has_its_key_where_it_can_be_read(chunks_of):
    content = b"id\ttask\ttext\nx\tmod\ta\ny\n"
    [chunk] = chunks_of(content, key_columns=("id",))
    first, second = chunk.rejected
    assert (first["row"], first["key"]) == (2, {"id": "x"})
    assert second["row"] == 3 and "key" not in second


def test_a_pair_needs_two_columns(chunks_of):
    content = b"task\tfirst\nsame\ta\nmood\ta\n"
    [chunk] = chunks_of(content, text_columns=("first",))
    assert "reads two texts" in chunk.rejected[0]["reason"]
    assert asked([chunk]) == [(3, "mood", "a", "")]


@pytest.mark.parametrize("name", ["rows.tsv", "rows.csv", "rows.parquet"])
def test_a_column_that_no_row_has_is_an_error_of_the_file(
    chunks_of, tmp_path, name
):
    content = b"txt\na\n"
    if name == "rows.parquet":
        pyarrow = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        parquet.write_table(pyarrow.table({"txt": ["a"]}), tmp_path / "a")
        content = (tmp_path / "a").read_bytes()
    with pytest.raises(ValueError, match="column 'sentence' of .*rows"):
        chunks_of(content, name, task="mood")

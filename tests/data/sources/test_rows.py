import re

import pytest

from tf_adapters.data.sources.broken_rows import BrokenRow
from tf_adapters.data.sources.rows import read_rows


@pytest.fixture
def rows_of(tmp_path):
    def rows_of(content, file_format="tsv", **kwargs):
        path = tmp_path / f"file.{file_format}"
        path.write_bytes(content.encode("utf-8"))
        return list(read_rows(path, file_format, **kwargs))

    return rows_of


def test_tsv_is_split_at_tabs_and_numbered(rows_of):
    rows = rows_of("a\tb\n1\t2\n3\t4\n")
    assert rows == [(2, {"a": "1", "b": "2"}), (3, {"a": "3", "b": "4"})]


def test_quotes_mean_nothing_in_tsv(rows_of):
    rows = rows_of('a\tb\n"open\t"b" c\n\'x\ty"\n')
    assert rows[0] == (2, {"a": '"open', "b": '"b" c'})
    assert rows[1] == (3, {"a": "'x", "b": 'y"'})


def test_white_space_and_empty_fields_of_tsv_are_kept(rows_of):
    assert rows_of("a\tb\tc\n x \t\t\n") == [
        (2, {"a": " x ", "b": "", "c": ""})
    ]


def test_tsv_lines_may_end_as_on_windows(rows_of):
    rows = rows_of("\ufeffa\tb\r\n1\t2\r\n3\t4\u2028\x0c5\r\n\r\n")
    assert rows == [
        (2, {"a": "1", "b": "2"}),
        (3, {"a": "3", "b": "4\u2028\x0c5"}),
    ]


def test_a_file_without_a_header_takes_the_columns_given(rows_of):
    assert rows_of("1\t2\n", columns=("a", "b")) == [(1, {"a": "1", "b": "2"})]
    assert rows_of("1,2\n", "csv", columns=("a", "b")) == [
        (1, {"a": "1", "b": "2"})
    ]


def test_a_blank_line_is_an_empty_text_if_there_is_one_column(rows_of):
    expected = [(2, {"a": "x"}), (3, {"a": ""}), (4, {"a": "y"})]
    assert rows_of("a\nx\n\ny\n\n") == expected
    assert rows_of("a\nx\n\ny\n\n", "csv") == expected


def test_csv_honours_quotes_and_numbers_rows_by_their_first_line(rows_of):
    rows = rows_of(
        'text,label\r\n"a ""b"", c",x\r\n"two\n\nlines",y\r\nlast,z\r\n\r\n',
        "csv",
    )
    assert rows == [
        (2, {"text": 'a "b", c', "label": "x"}),
        (3, {"text": "two\n\nlines", "label": "y"}),
        (6, {"text": "last", "label": "z"}),
    ]


def test_csv_keeps_a_line_separator_inside_text(rows_of):
    assert rows_of("text\na\u2028b\x0cc\n", "csv") == [
        (2, {"text": "a\u2028b\x0cc"})
    ]


@pytest.mark.parametrize(
    "content, line",
    [
        ('a,b\n1,2\n"never closed,3\n4,5\n', 3),
        ('a,b\n"two\nlines",2\n"x"y,3\n', 4),
    ],
)
def test_csv_with_wrong_quotes_is_refused(rows_of, content, line):
    message = rf"csv:{line}: the row that starts here.*double the quotes"
    with pytest.raises(ValueError, match=message):
        rows_of(content, "csv")


def test_json_lines_take_the_columns_as_keys(rows_of):
    content = '{"a": 1, "b": [2]}\n'
    assert rows_of(content, "jsonl", columns=("a",)) == [(1, {"a": "1"})]


@pytest.mark.parametrize(
    "content, received",
    [
        ("a\tb\n1\t2\n1\n", r"tsv:3: .*Received: 1 field\(s\) for the col"),
        ("a\tb\n1\t2\t3\n", r"tsv:2: .*Received: 3 field\(s\).*columns a, b\."),
        (
            "a\tb\n1\t2\n\n3\t4\n",
            r"tsv:3: .*Received: a blank line for the col",
        ),
    ],
)
def test_a_row_with_a_wrong_number_of_fields_is_refused(
    rows_of, content, received
):
    with pytest.raises(ValueError, match=received + ".*Put spaces in place"):
        rows_of(content)
    with pytest.raises(ValueError, match=received.replace("tsv", "csv")):
        rows_of(content.replace("\t", ","), "csv")


def test_so_many_broken_rows_are_left_out_with_a_warning(rows_of):
    content = "a\tb\n1\n1\t2\n\n3\t4\n"
    with pytest.warns(UserWarning, match=r"left out 2 row\(s\).*fields a, b"):
        rows = rows_of(content, max_broken_rows=2)
    assert [number for number, _ in rows] == [3, 5]


def test_one_broken_row_too_many_is_refused(rows_of):
    with pytest.raises(ValueError, match=r"tsv:4: every row must"):
        rows_of("a\tb\n1\n1\t2\n\n3\t4\n", max_broken_rows=1)


@pytest.mark.parametrize(
    "content, received",
    [
        ("a\tb\ta\n1\t2\t3\n", r"Received: a, b, a\. Correct the names"),
        ("\n1\t2\n", r"Received: a blank line\. Correct the names"),
    ],
)
def test_a_header_that_does_not_name_the_columns_is_refused(
    rows_of, content, received
):
    with pytest.raises(ValueError, match=r"tsv:1: the first line.*" + received):
        rows_of(content)


@pytest.mark.parametrize("file_format", ["tsv", "csv"])
def test_a_header_without_rows_is_refused(rows_of, file_format):
    message = r"at least one row\. Received: a header and no rows"
    with pytest.raises(ValueError, match=message):
        rows_of("a\n\n", file_format)


@pytest.mark.parametrize("file_format", ["tsv", "csv", "jsonl"])
def test_an_empty_file_is_refused_in_every_format(rows_of, file_format):
    with pytest.raises(ValueError, match=r"the file must not be empty"):
        rows_of("", file_format, columns=("a",))


def test_columns_given_twice_are_refused(rows_of):
    message = r"every column once\. Received: columns=\('a', 'a'\)"
    with pytest.raises(ValueError, match=message):
        rows_of("1\t2\n", columns=("a", "a"))


def test_an_unknown_format_is_refused():
    message = r"Unknown file format 'json'\. Did you mean 'jsonl'\?"
    with pytest.raises(ValueError, match=message):
        read_rows("file.json", "json")


@pytest.mark.parametrize("file_format", ["tsv", "csv", "jsonl"])
def test_a_missing_file_is_refused_at_once_or_at_the_first_row(
    tmp_path, file_format
):
    with pytest.raises(FileNotFoundError, match=r"The file must exist"):
        list(read_rows(tmp_path / "no.tsv", file_format))


@pytest.fixture
def taken_apart(tmp_path):
    """Reads a file, and what is said of the rows that cannot be read."""

    def taken_apart(content, file_format, **kwargs):
        path = tmp_path / f"file.{file_format}"
        path.write_bytes(content)
        rows = dict(read_rows(path, file_format, keep_broken=True, **kwargs))
        broken = {
            number: row.reason
            for number, row in rows.items()
            if isinstance(row, BrokenRow)
        }
        whole = [(n, row["a"]) for n, row in rows.items() if n not in broken]
        return whole, broken

    return taken_apart


@pytest.mark.parametrize(
    "file_format, content, number, message",
    [
        ("tsv", b"a\tb\n1\t2\n3\n4\t5\n", 3, "one field per column"),
        ("tsv", b"a\tb\n1\t2\n\n4\t5\n", 3, "a blank line"),
        ("tsv", b"a\tb\n1\t2\n3\xff\t3\n4\t5\n", 3, "UTF-8.*udcff"),
        ("csv", b'a,b\n1,2\n"x"y,3\n4,5\n', 3, "RFC 4180"),
        ("csv", b"a,b\n1,2\n3,3,3\n4,5\n", 3, "one field per column"),
        ("csv", b'a,b\n1,2\n"3\n\xff",3\n4,5\n', 3, "UTF-8"),
        ("jsonl", b'{"a": 1}\n{"a":\n{"a": 4}\n', 2, "one JSON object"),
        ("jsonl", b'{"a": 1}\n{"a": []}\n{"a": 4}\n', 2, "a string, a number"),
        ("jsonl", b'{"a": 1}\n%b\n{"a": 4}\n' % (b"[" * 9999), 2, "too deep"),
        ("jsonl", b'{"a": 1}\n{"b": 3}\n{"a": 4}\n', 2, "Unknown column 'a'"),
        ("jsonl", b'{"a": 1}\n{"a": "\\ud800"}\n{"a": 4}\n', 2, "UTF-8"),
    ],
)
def test_a_broken_row_is_told_and_the_others_are_read(
    taken_apart, file_format, content, number, message
):
    columns = ("a",) if file_format == "jsonl" else None
    rows, broken = taken_apart(content, file_format, columns=columns)
    assert [value for _, value in rows] == ["1", "4"]
    assert list(broken) == [number]
    assert re.search(rf"\.{file_format}:{number}: .*{message}", broken[number])


@pytest.mark.parametrize(
    "content, message",
    [(b'"a"x,b\n1,2\n', "csv:1: .*RFC 4180"), (b"a,a\n1,2\n", "every column")],
)
def test_a_broken_header_is_an_error_all_the_same(
    taken_apart, content, message
):
    with pytest.raises(ValueError, match=message):
        taken_apart(content, "csv")


@pytest.mark.parametrize("file_format", ["tsv", "csv"])
def test_a_header_alone_is_no_rows_for_who_is_told_of_broken_ones(
    taken_apart, file_format
):
    assert taken_apart(b"a\n", file_format) == ([], {})


def test_what_is_optional_may_be_absent_or_null(rows_of):
    content = '{"a": "x", "b": "y"}\n{"a": "x", "b": null}\n{"a": "x"}\n'
    rows = rows_of(content, "jsonl", columns=("a", "b"), optional=("b",))
    assert [row["b"] for _, row in rows] == ["y", "", ""]
    with pytest.raises(ValueError, match="jsonl:2.*b=null"):
        rows_of(content, "jsonl", columns=("a", "b"))

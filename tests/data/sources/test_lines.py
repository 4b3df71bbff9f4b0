import codecs
import gzip

import numpy as np
import pytest

from tf_adapters.data.sources.lines import read_lines


def lines_of(tmp_path, content):
    path = tmp_path / "file.txt"
    path.write_bytes(content)
    return list(read_lines(path))


def test_lines_are_numbered_from_one(tmp_path):
    assert lines_of(tmp_path, b"a\nb\n") == [(1, "a\n"), (2, "b\n")]


def test_the_last_line_may_lack_its_end(tmp_path):
    assert lines_of(tmp_path, b"a\nb") == [(1, "a\n"), (2, "b")]


def test_only_a_line_feed_ends_a_line(tmp_path):
    text = "one\rtwo\x0bthree\x0cfour\x1cfive\x85six\u2028seven"
    assert len(text.splitlines()) == 7
    assert lines_of(tmp_path, text.encode()) == [(1, text)]


def test_a_byte_order_mark_is_left_out_at_the_start_only(tmp_path):
    bom = codecs.BOM_UTF8
    lines = lines_of(tmp_path, bom + b"a\n" + bom + b"b\n")
    assert lines == [(1, "a\n"), (2, "\ufeffb\n")]


def test_blank_lines_are_kept_but_for_the_end(tmp_path):
    lines = lines_of(tmp_path, b"\na\r\n\r\nb\n\r\n\n")
    assert lines == [(1, "\n"), (2, "a\r\n"), (3, "\r\n"), (4, "b\n")]


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n\n", codecs.BOM_UTF8])
def test_an_empty_file_is_refused(tmp_path, content):
    with pytest.raises(ValueError, match=r"file\.txt: the file must not be em"):
        lines_of(tmp_path, content)


def test_a_byte_that_is_not_utf8_is_located(tmp_path):
    # "caf\xe9" follows three bytes of mark and the five of "good\n", and is
    # wrong at its fourth byte: offset 3 + 5 + 3.
    content = codecs.BOM_UTF8 + b"good\n" + b"caf\xe9\n"
    message = r"file\.txt:2: .*byte 0xe9 at offset 11 of.*iconv -f latin1"
    with pytest.raises(ValueError, match=message):
        lines_of(tmp_path, content)


def test_a_byte_on_the_first_line_is_located_behind_the_mark(tmp_path):
    message = r"file\.txt:1: .*byte 0xff at offset 4 of"
    with pytest.raises(ValueError, match=message):
        lines_of(tmp_path, codecs.BOM_UTF8 + b"a\xff")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_in_utf16_is_refused(tmp_path, encoding):
    message = "must be UTF-8. Received: UTF-16.*iconv -f utf-16 -t utf-8"
    with pytest.raises(ValueError, match=message):
        lines_of(tmp_path, "label\ttext\n1\tFine.\n".encode(encoding))


def test_zeros_in_a_text_are_not_utf16(tmp_path):
    assert lines_of(tmp_path, b"one\0two\n") == [(1, "one\0two\n")]


def test_a_compressed_file_is_read(tmp_path):
    path = tmp_path / "train.tsv.gz"
    path.write_bytes(gzip.compress("\ufeffone\ntwo\n\n".encode()))
    assert list(read_lines(path)) == [(1, "one\n"), (2, "two\n")]


def test_a_compressed_file_that_was_cut_short_is_refused(tmp_path):
    path = tmp_path / "train.tsv.gz"
    whole = gzip.compress(np.random.default_rng(0).bytes(5000).hex().encode())
    path.write_bytes(whole[:-100])
    with pytest.raises(ValueError, match="train.tsv.gz: .*cut short"):
        list(read_lines(path))


def test_a_file_that_is_only_called_compressed_is_refused(tmp_path):
    path = tmp_path / "train.tsv.gz"
    path.write_text("one\n")
    with pytest.raises(ValueError, match="must be compressed by gzip.*rename"):
        list(read_lines(path))


def test_a_missing_file_is_refused_with_its_neighbours(tmp_path):
    (tmp_path / "train.csv").write_text("x")
    message = r"train\.tsv', which is no such file; its folder holds train\.csv"
    with pytest.raises(FileNotFoundError, match=message):
        read_lines(tmp_path / "train.tsv")


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder '.*nowhere' eith"):
        read_lines(tmp_path / "nowhere" / "train.tsv")


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"which is a folder"):
        read_lines(tmp_path)

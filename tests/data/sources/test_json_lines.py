import pytest

from tf_adapters.data.sources.json_lines import read_objects


def rows_of(tmp_path, text, keys=None):
    path = tmp_path / "file.jsonl"
    path.write_text(text, encoding="utf-8")
    return list(read_objects(path, keys))


def test_plain_values_become_strings(tmp_path):
    text = '{"text": "ä \\u00e4\\n", "n": 3, "x": 0.5, "good": true}\n'
    expected = {"text": "ä ä\n", "n": "3", "x": "0.5", "good": "true"}
    assert rows_of(tmp_path, text) == [(1, expected)]


def test_only_the_keys_asked_for_are_read(tmp_path):
    text = '{"text": "a", "tokens": [1, 2]}\n{"gold": null, "text": "b"}'
    rows = rows_of(tmp_path, text, keys=("text",))
    assert rows == [(1, {"text": "a"}), (2, {"text": "b"})]


def test_a_missing_key_is_refused(tmp_path):
    text = '{"text": "a"}\n{"txt": "b"}'
    message = r"jsonl:2: Unknown column 'text'.*Did you mean 'txt'\?.*Add it"
    with pytest.raises(ValueError, match=message):
        rows_of(tmp_path, text, keys=("text",))


@pytest.mark.parametrize("value", ['["a"]', '{"a": 1}', "null"])
def test_values_that_are_not_plain_are_refused(tmp_path, value):
    message = r"jsonl:1: a value must be a string.*Received: text=.*Write one"
    with pytest.raises(ValueError, match=message):
        rows_of(tmp_path, f'{{"text": {value}}}')


@pytest.mark.parametrize(
    "line, received",
    [
        ('{"text": "a",}', r"Received: '{\"text\": \"a\",}' \(.* at column 1"),
        ("", r"Received: '' \(Expecting value at column 1\)"),
        ('["a"]', r"""Received: '\["a"\]'\. Write for example \{"text": """),
    ],
)
def test_a_line_that_is_no_object_is_refused(tmp_path, line, received):
    with pytest.raises(ValueError, match=r"jsonl:2: every line.*" + received):
        rows_of(tmp_path, f'{{"text": "a"}}\n{line}\n{{"text": "b"}}\n')

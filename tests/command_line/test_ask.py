"""`tf-adapters ask`, and what it prints."""

import io
import json

import pytest

from tf_adapters.command_line.main import main

pytestmark = pytest.mark.large


def answers(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_texts_may_stand_on_the_command_line(our_running, capsys):
    argv = ["ask", our_running.rest, "--task", "mrpc", "a\tb", "films\tfilm"]
    assert main(argv) == 0
    found = answers(capsys)
    assert [answer["task"] for answer in found] == ["mrpc", "mrpc"]
    for answer in found:
        assert set(answer["scores"]) == {"different", "same", "unsure"}
        assert answer["label"] == max(
            answer["scores"], key=answer["scores"].get
        )


def test_lines_of_a_file_may_name_their_task(our_running, capsys, tmp_path):
    (tmp_path / "rows.tsv").write_text("sentiment\ta\nsts-b\ta\tb\r\n")
    argv = ["ask", our_running.grpc, "--file", str(tmp_path / "rows.tsv")]
    assert main(argv) == 0
    first, second = answers(capsys)
    assert first["task"] == "sentiment"
    assert second["task"] == "sts-b" and 1 <= second["label"] <= 5


def test_standard_input_is_read(our_running, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("a good film\nbad\n"))
    assert main(["ask", our_running.rest, "--task", "sentiment"]) == 0
    assert len(answers(capsys)) == 2


@pytest.mark.parametrize(
    "argv, message",
    [
        (["--task", "nli", "a"], "Received: nli in row 0"),
        (["--task", "mrpc", "a\tb\tc"], "in line 1"),
        (["sentiment"], "a task, and one or two texts"),
        (["--task", "mrpc", "--file", "f", "a"], "Received: both"),
        (["--file", "no/such"], "No such file"),
    ],
)
def test_mistakes_are_told(our_running, capsys, argv, message):
    assert main(["ask", our_running.rest, *argv]) == 2
    assert message in capsys.readouterr().err

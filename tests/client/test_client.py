"""The client, asking our server and TF Serving, by REST and by gRPC."""

import asyncio
import concurrent.futures
import pathlib
import re

import numpy as np
import pytest

from tests.rounding import ROUNDING
from tf_adapters.client import Client
from tf_adapters.client import ServerError

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "serving.md"

pytestmark = pytest.mark.large

# A task, its text or texts. More than one request, and all kinds of tasks.
ROWS = [
    ("sentiment", "a good film"),
    ("mrpc", ("films", "a film")),
    ("sts-b", ("is a film good a bad film", "a is good")),
    ("sentiment", "Ünïcode 電影 \u2028 \x00 a"),
    ("sts-b", ("bad", "good")),
    ("mrpc", ("a", "a " * 50)),
    ("sentiment", 'a "quoted" \\ text\twith a tab'),
]
NAMES, TEXTS = map(list, zip(*ROWS, strict=True))
LABELS = {
    "sentiment": ["negative", "positive"],
    "mrpc": ["different", "same", "unsure"],
}


@pytest.fixture(params=["rest", "grpc"])
def client(request, running):
    url = getattr(running, request.param)
    with Client(url, batch_size=2, max_requests=3) as client:
        yield client


@pytest.fixture(scope="module")
def expected(in_process):
    pairs = [(t, "") if isinstance(t, str) else t for t in TEXTS]
    return in_process(
        "serving_default",
        text=[text for text, _ in pairs],
        text_pair=[pair for _, pair in pairs],
        task=NAMES,
    )


def assert_as_expected(answers, expected):
    assert [answer.task for answer in answers] == NAMES
    for i, answer in enumerate(answers):
        scores = expected["scores"][i]
        if answer.task == "sts-b":
            assert answer.scores == {}
            assert answer.value == pytest.approx(scores[0], abs=ROUNDING)
            assert float(answer.label) == pytest.approx(answer.value, abs=1e-4)
            continue
        labels = LABELS[answer.task]
        assert answer.label == expected["label"][i].decode()
        assert list(answer.scores) == labels and answer.value is None
        np.testing.assert_allclose(
            list(answer.scores.values()), scores[: len(labels)], atol=ROUNDING
        )


def test_every_text_has_the_answer_of_the_model(client, expected):
    assert_as_expected(client.ask(NAMES, TEXTS), expected)


def test_a_loop_of_events_goes_on_meanwhile(client, expected):
    async def ask():
        answers, tasks = await asyncio.gather(
            client.ask_async(NAMES, TEXTS), client.tasks_async()
        )
        assert set(tasks) == {"sentiment", "mrpc", "sts-b"}
        return answers

    assert_as_expected(asyncio.run(ask()), expected)


def test_threads_share_a_client(client, expected):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(client.ask, NAMES, TEXTS) for _ in range(8)]
    for future in asked:
        assert_as_expected(future.result(), expected)


def test_one_task_is_named_once(client):
    answers = client.ask("sentiment", ["a good film", "films", "bad"])
    assert [answer.task for answer in answers] == ["sentiment"] * 3
    assert client.ask("sentiment", []) == []


def test_it_knows_the_tasks_that_are_served(client):
    tasks = client.tasks()
    assert list(tasks) == ["sentiment", "mrpc", "sts-b"]
    assert tasks["mrpc"].text_columns == ("#1 String", "#2 String")
    assert tasks["mrpc"].labels == tuple(LABELS["mrpc"])
    assert tasks["mrpc"].value_range is None
    assert tasks["sts-b"].labels == ()
    assert tasks["sts-b"].value_range == (1.0, 5.0)


@pytest.mark.parametrize(
    "name, text, words",
    [
        ("nli", "a", "Received: nli in row 1. Known tasks: sentiment, mrpc"),
        ("mrpc", "a", "`text_pair` must not be empty where the task reads it"),
        ("sentiment", ("a", "b"), "`text_pair` must be empty for a task that"),
    ],
)
def test_a_refusal_comes_in_the_words_of_the_server(client, name, text, words):
    with pytest.raises(ServerError, match="INVALID_ARGUMENT") as caught:
        client.ask(["sentiment", name], ["a good film", text])
    assert words in caught.value.message
    assert caught.value.code == "INVALID_ARGUMENT"


@pytest.mark.parametrize("kind", ["rest", "grpc"])
def test_a_version_may_be_named(running, kind):
    url = getattr(running, kind)
    with Client(f"{url}/versions/1") as client:
        assert len(client.ask("sentiment", ["a"])) == 1
    with Client(f"{url}/versions/7") as client:
        with pytest.raises(ServerError) as caught:
            client.ask("sentiment", ["a"])
    assert caught.value.code == "NOT_FOUND"


def test_the_example_of_the_page_on_serving_runs(our_running, capsys):
    [example] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    url = "http://localhost:8501/v1/models/reviews"
    assert example.count(url) == 1
    exec(example.replace(url, our_running.rest), {})
    label, scores = capsys.readouterr().out.split(" ", 1)
    assert label in LABELS["sentiment"]
    assert list(eval(scores)) == LABELS["sentiment"]

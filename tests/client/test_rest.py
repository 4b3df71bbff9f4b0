"""How the client meets an HTTP server that does what a test tells it."""

import contextlib
import http.server
import json
import socket
import threading
import time

import pytest

from tf_adapters.client import Client
from tf_adapters.client import ServerError

TASKS = [
    {
        "name": "taste",
        "text_columns": ["text"],
        "labels": ["bad", "good"],
        "value_range": None,
    }
]


def described(labels=("bad", "good")):
    tasks = [{**TASKS[0], "labels": list(labels)}]
    return 200, {"outputs": {"metadata": [json.dumps({"tasks": tasks})]}}


def answered(label="good"):
    outputs = {"label": [label], "label_index": [1], "scores": [[0.25, 0.75]]}
    return 200, {"outputs": outputs}


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 200


@pytest.fixture
def scripted():
    """Starts a server that gives some answers in turn, and hands out what was
    asked. An answer is a status and JSON or text, or a function."""
    servers = []

    def scripted(*replies):
        replies, asked = list(replies), []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                size = int(self.headers["Content-Length"])
                asked.append((self.path, json.loads(self.rfile.read(size))))
                status, body = replies.pop(0)
                if callable(body):
                    body = body(self)
                text = body if isinstance(body, str) else json.dumps(body)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *arguments):
                pass

        server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/v1/models/m", asked

    yield scripted
    for server in servers:
        server.shutdown()
        server.server_close()


def test_what_is_sent_is_a_column_for_each_input(scripted):
    url, asked = scripted(described(), answered())
    with Client(f"{url}/versions/3") as client:
        [answer] = client.ask("taste", ["fine"])
    assert answer.as_json() == {
        "task": "taste",
        "label": "good",
        "scores": {"bad": 0.25, "good": 0.75},
    }
    path = "/v1/models/m/versions/3:predict"
    inputs = {"text": ["fine"], "text_pair": [""], "task": ["taste"]}
    assert asked == [
        (path, {"signature_name": "describe_tasks", "inputs": {"task": [""]}}),
        (path, {"signature_name": "serving_default", "inputs": inputs}),
    ]


def test_the_unavailable_is_asked_again_later(scripted):
    away = (503, {"error": "not yet"})
    url, asked = scripted(
        away, described(), away, away, answered(), described()
    )
    start = time.monotonic()
    with Client(url) as client:
        assert client.ask("taste", ["fine"])[0].label == "good"
    assert len(asked) == 6
    # At least half of 0.1, of 0.1 and of 0.2 seconds.
    assert time.monotonic() - start >= 0.2


@pytest.mark.parametrize(
    "status, code",
    [
        (400, "INVALID_ARGUMENT"),
        (404, "NOT_FOUND"),
        (429, "RESOURCE_EXHAUSTED"),
        (500, "UNKNOWN"),
        (504, "DEADLINE_EXCEEDED"),
    ],
)
def test_other_refusals_are_not(scripted, status, code):
    url, asked = scripted((status, {"error": "because"}))
    with Client(url) as client:
        with pytest.raises(ServerError, match="because") as caught:
            client.tasks()
    assert (caught.value.code, caught.value.message) == (code, "because")
    assert len(asked) == 1


def test_the_last_refusal_is_told(scripted):
    url, asked = scripted(*[(503, {"error": f"try {i}"}) for i in range(3)])
    with Client(url, retries=2) as client:
        with pytest.raises(ServerError, match="try 2") as caught:
            client.tasks()
    assert caught.value.code == "UNAVAILABLE"


def test_a_page_of_a_proxy_is_shown(scripted):
    url, _ = scripted((502, "<html>Bad Gateway</html>"))
    with Client(url, retries=0) as client:
        with pytest.raises(ServerError, match="502 <html>Bad Gateway"):
            client.tasks()


@pytest.mark.parametrize("body", ["<html>", "[1]", '{"predictions": []}'])
def test_another_program_is_told_from_a_server_of_models(scripted, body):
    url, _ = scripted((200, body))
    with Client(url) as client:
        with pytest.raises(ServerError, match="must answer with the JSON"):
            client.tasks()


def test_a_server_that_is_slow_is_given_up(scripted):
    url, _ = scripted((200, lambda handler: time.sleep(1) or {}))
    with Client(url, timeout=0.1) as client:
        with pytest.raises(ServerError) as caught:
            client.tasks()
    assert caught.value.code == "DEADLINE_EXCEEDED"


def test_the_timeout_is_that_of_a_whole_request():
    """Also where something comes now and then."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def trickle():
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                for _ in range(30):
                    connection.sendall(b"x: y\r\n")
                    time.sleep(0.1)

        threading.Thread(target=trickle, daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/v1/models/m"
        start = time.monotonic()
        with Client(url, timeout=0.5) as client:
            with pytest.raises(ServerError, match="No answer in time"):
                client.tasks()
        assert time.monotonic() - start < 2


def test_many_requests_may_be_under_way(scripted):
    """More than httpx has connections for, unless it is told."""
    together = threading.Barrier(120)

    def reply(handler):
        together.wait(10)
        return answered()[1]

    url, _ = scripted(described(), *[(200, reply)] * 120, described())
    with Client(url, 1, max_requests=120, timeout=20) as client:
        assert len(client.ask("taste", ["fine"] * 120)) == 120


def test_a_version_of_zero_is_a_version(scripted):
    url, asked = scripted(described())
    with Client(f"{url}/versions/0") as client:
        client.tasks()
    assert asked[0][0] == "/v1/models/m/versions/0:predict"


def test_nobody_is_unavailable():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with Client(
            f"http://127.0.0.1:{port}/v1/models/m", retries=1
        ) as client:
            with pytest.raises(ServerError, match="Nobody answers") as caught:
                client.tasks()
    assert caught.value.code == "UNAVAILABLE"


def test_labels_that_change_under_a_client_are_read_again(scripted):
    """A version may come that calls them something else."""
    changed = described(("bad", "great"))
    url, asked = scripted(
        described(),
        answered(),
        described(),
        *(answered("great"), changed, answered("great"), changed),
        *(answered("great"), changed),
    )
    with Client(url) as client:
        assert client.ask("taste", ["fine"])[0].label == "good"
        [answer] = client.ask("taste", ["fine"])
    assert answer.scores == {"bad": 0.25, "great": 0.75}
    assert len(asked) == 9


def test_scores_are_those_of_the_labels_of_their_version(scripted):
    """The likeliest is called as before, and another is not."""
    changed = described(("poor", "good"))
    url, asked = scripted(described(), answered(), changed, answered(), changed)
    with Client(url) as client:
        [answer] = client.ask("taste", ["fine"])
    assert answer.scores == {"poor": 0.25, "good": 0.75}
    assert len(asked) == 5


def test_labels_that_change_again_and_again_are_told(scripted):
    others = (described(("poor", "good")), described(("worse", "good")))
    url, _ = scripted(described(), answered(), others[0], answered(), others[1])
    with Client(url) as client:
        with pytest.raises(ServerError, match="changed them meanwhile"):
            client.ask("taste", ["fine"])


def test_an_answer_that_nobody_describes_is_no_answer(scripted):
    other = answered("great")
    url, _ = scripted(described(), other, described(), other, described())
    with Client(url) as client:
        with pytest.raises(ServerError, match="changed them meanwhile"):
            client.ask("taste", ["fine"])


def test_a_refused_request_stops_those_that_wait(scripted):
    """One at a time: of five, the second is the last."""
    url, asked = scripted(described(), answered(), (400, {"error": "no"}))
    with Client(url, batch_size=1, max_requests=1) as client:
        with pytest.raises(ServerError, match="no"):
            client.ask("taste", ["fine"] * 5)
        # Time to send another.
        time.sleep(0.2)
    assert len(asked) == 3

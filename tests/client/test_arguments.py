"""What the client refuses before it asks anybody."""

import pytest

from tf_adapters.client import Client
from tf_adapters.client.address import Address


@pytest.mark.parametrize(
    "url, expected",
    [
        ("http://a:1/v1/models/m", ("http", "http://a:1", "m", None)),
        (
            "https://a/x/v1/models/m-1/versions/12/",
            ("https", "https://a/x", "m-1", 12),
        ),
        ("grpc://a:1/m", ("grpc", "a:1", "m", None)),
        ("grpcs://[::1]:1/m/versions/3", ("grpcs", "[::1]:1", "m", 3)),
    ],
)
def test_an_address_says_server_model_and_version(url, expected):
    assert Address.parse(url) == Address(*expected)


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8501",
        "http://localhost:8501",
        "http://localhost/v1/models/",
        "http://localhost/v1/models/m:predict",
        "grpc://localhost:8500",
        "http://localhost/v1/models/m/versions/newest",
    ],
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ValueError, match="`url` must be.*Received.*Write"):
        Client(url)


@pytest.mark.parametrize(
    "server",
    ["http://{}/v1/models/m", "https://u:p@{}/x/v1/models/m", "grpc://{}/m"],
)
@pytest.mark.parametrize(
    "host", ["a:85o1", "a:99999", "a:0", "a:-1", "[::1]:x", "::1:1"]
)
def test_what_is_no_port_is_refused(server, host):
    message = "port in `url` must be a number from 1 to 65535.*Received.*Write"
    with pytest.raises(ValueError, match=message):
        Client(server.format(host))


@pytest.mark.parametrize(
    "argument", [{"batch_size": 0}, {"max_requests": True}, {"retries": -1}]
)
def test_numbers_that_make_no_sense_are_refused(argument):
    [name] = argument
    with pytest.raises(ValueError, match=f"`{name}` must be.*Received"):
        Client("http://localhost:1/v1/models/m", **argument)


@pytest.mark.parametrize(
    "task, texts, message",
    [
        ("a", "text", r"Write \['text'\]"),
        (["a"], ["x", "y"], "1 names for 2 texts"),
        ("a", [("x", "y", "z")], "tuples of two texts"),
        ("a", [("x", None)], "tuples of two texts"),
        ("a", [("x",)], "tuples of two texts"),
    ],
)
def test_texts_and_tasks_must_go_together(task, texts, message):
    # Nobody listens there: it is refused before.
    with Client("http://localhost:1/v1/models/m", retries=0) as client:
        with pytest.raises(ValueError, match=message):
            client.ask(task, texts)

"""The REST API, of our server and of TF Serving."""

import json
import pathlib
import socket

import httpx
import numpy as np
import pytest

from tests.rounding import ROUNDING
from tests.served import our_server
from tests.server.recorded import ANSWERED
from tests.server.recorded import REFUSED
from tests.server.recorded import ROWS

pytestmark = pytest.mark.large


def plain(value):
    """An array as JSON has it."""
    if value.dtype == object:
        return np.vectorize(bytes.decode, otypes=[object])(value).tolist()
    return value.tolist()


def assert_same(found, expected):
    assert set(found) == set(expected)
    for name, value in expected.items():
        if name == "label":
            # The value of a regression, rounded elsewhere.
            for a, b in zip(found[name], plain(value), strict=True):
                assert a == b or abs(float(a) - float(b)) < 1e-4
        elif value.dtype == np.float32:
            np.testing.assert_allclose(found[name], value, atol=ROUNDING)
        else:
            assert found[name] == plain(value)


@pytest.mark.parametrize(
    "body, signature, inputs",
    [case[1:] for case in ANSWERED],
    ids=[case[0] for case in ANSWERED],
)
def test_a_request_is_answered(running, in_process, body, signature, inputs):
    response = httpx.post(f"{running.rest}:predict", json=body, timeout=300)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("application/json")
    # Not NaN, which Python reads and others do not.
    answer = json.loads(response.text, parse_constant=pytest.fail)
    expected = in_process(signature, **inputs)
    if "instances" not in body:
        assert_same(answer["outputs"], expected)
        return
    rows = answer["predictions"]
    found = {name: [row[name] for row in rows] for name in rows[0]}
    assert_same(found, expected)


@pytest.mark.parametrize(
    "path, body, status, words",
    [case[1:] for case in REFUSED],
    ids=[case[0] for case in REFUSED],
)
def test_a_request_is_refused(running, path, body, status, words):
    content = body if isinstance(body, str) else json.dumps(body)
    response = httpx.post(f"{running.rest}{path}", content=content, timeout=300)
    wanted = status if isinstance(status, tuple) else (status,)
    assert response.status_code in wanted, response.text
    error = response.json()["error"]
    assert error and words in error
    assert "Traceback" not in error and "{{node" not in error


def test_the_status_says_which_version_is_served(running):
    expected = {
        "version": "1",
        "state": "AVAILABLE",
        "status": {"error_code": "OK", "error_message": ""},
    }
    for path in ("", "/versions/1"):
        found = httpx.get(running.rest + path, timeout=300).json()
        assert found == {"model_version_status": [expected]}
    assert (
        httpx.get(running.rest + "/versions/5", timeout=300).status_code == 404
    )
    assert httpx.get(running.rest + "s", timeout=300).status_code == 404


def test_the_metadata_tell_the_signatures(running):
    found = httpx.get(f"{running.rest}/metadata", timeout=300).json()
    assert found["model_spec"]["name"] == "reviews"
    assert found["model_spec"]["version"] == "1"
    signatures = found["metadata"]["signature_def"]["signature_def"]
    assert {"serving_default", "sentiment", "describe_tasks"} <= set(signatures)
    text = signatures["serving_default"]["inputs"]["text"]
    assert text["dtype"] == "DT_STRING"
    assert text["tensor_shape"]["dim"] == [{"size": "-1", "name": ""}]


def test_it_is_healthy_and_counts(our_running):
    url = f"http://{our_running.host}"
    assert httpx.get(f"{url}/healthz", timeout=300).json() == {
        "available": True
    }

    def count(name):
        text = httpx.get(
            f"{url}/monitoring/prometheus/metrics", timeout=300
        ).text
        lines = dict(
            line.rsplit(" ", 1)
            for line in text.splitlines()
            if not line.startswith("#")
        )
        return float(lines.get(name, 0))

    names = [
        f'tf_adapters_requests_total{{api="rest",code="{code}"}}'
        for code in ("OK", "INVALID_ARGUMENT")
    ] + ["tf_adapters_batch_rows_sum"]
    before = [count(name) for name in names]
    httpx.post(
        f"{our_running.rest}:predict", json={"inputs": ROWS}, timeout=300
    )
    httpx.post(f"{our_running.rest}:predict", json={}, timeout=300)
    after = [count(name) for name in names]
    assert np.subtract(after, before).tolist() == [1, 1, 3]
    assert count("tf_adapters_version") == 1
    assert count("process_resident_memory_bytes") > 0


def test_what_is_not_there_is_not_found(our_running):
    url = f"http://{our_running.host}"
    assert httpx.get(f"{url}/nothing", timeout=300).status_code == 404
    sent = httpx.post(f"{our_running.rest}/metadata", timeout=300)
    assert sent.status_code == 405
    assert "There is no POST" in sent.json()["error"]


@pytest.fixture(scope="module")
def small(cold_folder):
    """A server that takes a megabyte at most, and has little patience."""
    flags = ("--max_body_mb", "1", "--timeout", "3")
    with our_server(cold_folder, *flags) as running:
        # Its first answer takes longer than that on a slow machine.
        while is_answered(running) == 504:
            pass
        yield running


def is_answered(running):
    """The status of a request that is right."""
    body = {"inputs": ROWS}
    url = f"{running.rest}:predict"
    return httpx.post(url, json=body, timeout=300).status_code


def connected(running):
    host, port = running.host.split(":")
    return socket.create_connection((host, int(port)), timeout=300)


def test_a_body_that_is_too_large_is_refused(small):
    response = httpx.post(
        f"{small.rest}:predict", content=b" " * (2**20 + 1), timeout=300
    )
    assert response.status_code == 413
    assert "at most 1048576 bytes" in response.json()["error"]

    def parts():
        yield from [b" " * 2**16] * 17

    # Without a length that is announced.
    response = httpx.post(f"{small.rest}:predict", content=parts(), timeout=300)
    assert response.status_code == 413


def test_a_body_that_is_far_too_large_is_not_read(small):
    with connected(small) as client:
        head = "POST /v1/models/reviews:predict HTTP/1.1\r\nHost: a\r\n"
        client.sendall(f"{head}Content-Length: {2**40}\r\n\r\n".encode())
        assert client.recv(100).startswith(b"HTTP/1.1 413")


def test_a_body_that_does_not_come_is_not_waited_for(small):
    with connected(small) as client:
        head = "POST /v1/models/reviews:predict HTTP/1.1\r\nHost: a\r\n"
        client.sendall(f"{head}Content-Length: 100\r\n\r\n{{".encode())
        # Others are answered meanwhile.
        assert is_answered(small) == 200
        assert client.recv(100).startswith(b"HTTP/1.1 408")


def test_who_leaves_in_the_middle_disturbs_nobody(small):
    for part in (b"", b"POST /v1", b"\0" * 100, b"POST /v1/models/reviews:"):
        with connected(small) as client:
            client.sendall(part)
    assert is_answered(small) == 200


def test_the_page_is_beside_the_server():
    import tf_adapters.server

    page = pathlib.Path(tf_adapters.server.__file__).with_name("page.html")
    assert page.is_file()

"""A client that is closed while somebody asks, and one that was."""

import asyncio
import socket
import threading
import time

import pytest

from tf_adapters.client import Client


@pytest.fixture(params=["http://{}/v1/models/m", "grpc://{}/m"])
def client(request):
    """A client of a server that lets everybody wait."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        host = f"127.0.0.1:{server.getsockname()[1]}"
        with Client(request.param.format(host)) as client:
            yield client


def test_whoever_asks_when_it_is_closed_hears_of_it(client):
    errors = []

    def ask():
        try:
            client.ask("taste", ["fine"])
        except RuntimeError as error:
            errors.append(str(error))

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    assert not errors
    client.close()
    for thread in threads:
        thread.join(10)
    assert len(errors) == 2 and "A client must be open" in errors[0]


def test_so_does_who_asks_from_a_loop(client):
    async def ask():
        asked = asyncio.create_task(client.ask_async("taste", ["fine"]))
        await asyncio.sleep(0.1)
        await asyncio.to_thread(client.close)
        with pytest.raises(RuntimeError, match="A client must be open"):
            await asyncio.wait_for(asked, 10)

    asyncio.run(ask())


def test_a_client_that_is_closed_is_not_asked(client):
    client.close()
    with pytest.raises(RuntimeError, match="make another `Client`"):
        client.tasks()
    # Once more is no mistake.
    client.close()

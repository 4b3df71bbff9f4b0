"""`tf-adapters serve`, from its start to its end, and what happens between."""

import asyncio
import concurrent.futures
import os
import shutil
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest

from tests.served import ROOT
from tests.served import our_server
from tests.served import process_of_server
from tf_adapters.client import Client
from tf_adapters.command_line import serve
from tf_adapters.export import republish
from tf_adapters.export.digests import FILE as DIGESTS
from tf_adapters.export.warm_up import FILE as WARM_UP
from tf_adapters.server.serve import _told

pytestmark = pytest.mark.large

COMMAND = [sys.executable, "-m", "tf_adapters", "serve"]


@pytest.mark.parametrize("flag", ["rest_port", "grpc_port"])
def test_a_port_that_is_taken_is_told_at_once(cold_folder, flag):
    """Before TensorFlow is imported, which takes seconds."""
    other = {"rest_port": "grpc_port", "grpc_port": "rest_port"}[flag]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [*COMMAND, str(cold_folder), f"--{flag}", port]
        done = subprocess.run(
            [*command, f"--{other}", "0"],
            capture_output=True,
            text=True,
            cwd=ROOT,
        )
    assert done.returncode == 2
    assert f"`{flag}` must be a free port" in done.stderr
    assert port in done.stderr and "loading" not in done.stderr


def test_a_folder_of_damaged_versions_is_refused(cold_folder, tmp_path):
    shutil.copytree(cold_folder / "1", tmp_path / "m" / "1")
    damage(tmp_path / "m" / "1")
    done = subprocess.run(
        [*COMMAND, str(tmp_path / "m"), "--rest_port=0", "--grpc_port=0"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 2
    assert "must have a version that can be loaded" in done.stderr
    assert "variables.data" in done.stderr and "Traceback" not in done.stderr


def test_sigterm_lets_nobody_lose_an_answer(cold_folder):
    """Two requests are computed and one waits when it is told to stop."""
    columns = {"text": "a good film", "text_pair": "", "task": "sentiment"}
    body = {"inputs": {name: [value] * 2000 for name, value in columns.items()}}
    with process_of_server(
        cold_folder, "--num_batch_threads", "2", "--grace", "120"
    ) as (
        process,
        running,
    ):
        metrics = f"http://{running.host}/monitoring/prometheus/metrics"
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            asked = [
                pool.submit(
                    httpx.post,
                    f"{running.rest}:predict",
                    json=body,
                    timeout=300,
                )
                for _ in range(3)
            ]
            while "tf_adapters_queued_rows 2000.0" not in (
                httpx.get(metrics, timeout=300).text
            ):
                assert not any(future.done() for future in asked)
            process.terminate()
        answers = [future.result() for future in asked]
        assert [answer.status_code for answer in answers] == [200] * 3
        assert all(len(a.json()["outputs"]["label"]) == 2000 for a in answers)
        assert process.wait(300) == 0


def test_sigterm_does_not_wait_for_a_version_that_is_loaded(
    cold_folder, tmp_path
):
    load_for_ever(cold_folder / "1", tmp_path / "m" / "1")
    with subprocess.Popen(
        [*COMMAND, str(tmp_path / "m"), "--rest_port=0", "--grpc_port=0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        try:
            while "loading version 1" not in process.stderr.readline():
                assert process.poll() is None
            process.terminate()
            assert process.wait(30) == 0
        finally:
            process.kill()
        assert process.stdout.read() == ""


@pytest.mark.parametrize(
    "end, message", [(OSError("in use"), "in use"), (None, "REST has ended")]
)
def test_rest_that_ends_by_itself_ends_the_server(end, message):
    async def answer():
        if end:
            raise end

    async def wait():
        answering = asyncio.create_task(answer())
        await asyncio.wait_for(_told(asyncio.Event(), answering), 10)

    with pytest.raises((OSError, RuntimeError), match=message):
        asyncio.run(wait())


def test_a_second_signal_ends_it_at_once(monkeypatch):
    stop, ended = asyncio.Event(), []
    monkeypatch.setattr(serve, "_end", lambda: ended.append(True))
    serve._tell(stop)
    assert stop.is_set() and not ended
    serve._tell(stop)
    assert ended


def load_for_ever(source, folder):
    """Copies a version, for whose warm-up TensorFlow waits for ever."""
    staged = folder.parent.with_name("staged")
    shutil.copytree(source, staged)
    (staged / DIGESTS).unlink()
    os.mkfifo(staged / WARM_UP)
    folder.parent.mkdir(exist_ok=True)
    staged.rename(folder)


def damage(folder):
    """Changes a byte of the weights."""
    [path] = folder.glob("variables/variables.data*")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_versions_come_and_go_and_no_request_fails(cold_folder, tmp_path):
    """One is published, rolled back, and another is damaged, under load."""
    folder = tmp_path / "reviews"
    shutil.copytree(cold_folder / "1", folder / "1")
    is_over, errors, counts = threading.Event(), [], []

    def ask(url):
        with Client(url, retries=0) as client:
            while not is_over.is_set():
                try:
                    answers = client.ask("sentiment", ["a good film"] * 8)
                    counts.append(len(answers))
                except Exception as error:
                    errors.append(error)
                    return

    def wait_for(version, state):
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            found = httpx.get(f"{running.rest}", timeout=300).json()[
                "model_version_status"
            ]
            if (str(version), state) in [
                (s["version"], s["state"]) for s in found
            ]:
                return
            time.sleep(0.1)
        raise AssertionError(f"version {version} is not {state}: {found}")

    with our_server(folder) as running:
        threads = [
            threading.Thread(target=ask, args=(url,))
            for url in (running.rest, running.grpc)
        ]
        for thread in threads:
            thread.start()
        try:
            assert republish(folder, 1) == folder / "2"
            wait_for(2, "AVAILABLE")
            wait_for(1, "END")
            shutil.copytree(folder / "1", tmp_path / "3")
            damage(tmp_path / "3")
            (tmp_path / "3").rename(folder / "3")
            wait_for(3, "END")
            wait_for(2, "AVAILABLE")
            # Back to the first one.
            shutil.rmtree(folder / "2")
            wait_for(1, "AVAILABLE")
            # Whoever stops it now does not wait for this one.
            load_for_ever(folder / "1", folder / "4")
            wait_for(4, "LOADING")
        finally:
            is_over.set()
            for thread in threads:
                thread.join()
    assert errors == []
    assert set(counts) == {8}

"""An export that is served: by our server, and by TF Serving."""

import contextlib
import dataclasses
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.export.conftest import make_backbone
from tests.export.conftest import make_classifier

ROOT = pathlib.Path(__file__).parent.parent
TF_SERVING = "tensorflow_model_server"


@dataclasses.dataclass(frozen=True)
class Running:
    """A server that answers.

    `rest` and `grpc` are addresses of the model, as the client takes them.
    """

    host: str
    rest: str
    grpc: str
    folder: pathlib.Path
    is_ours: bool = True


@pytest.fixture(scope="session")
def served_folder(tmp_path_factory):
    """The folder of the versions of a tiny model, with one version."""
    from tf_adapters.export import export_saved_model

    keras.utils.set_random_seed(0)
    folder = tmp_path_factory.mktemp("served") / "reviews"
    model = make_classifier(make_backbone())
    export_saved_model(
        model, folder, sequence_length=16, task_signatures=["sentiment"]
    )
    return folder


@pytest.fixture(scope="session")
def in_process(served_folder):
    """A function that calls a signature without a server.

    In a session, which keeps what it has prepared from test to test.
    """
    session = tf.compat.v1.Session(graph=tf.Graph())
    with session.graph.as_default():
        graph = tf.compat.v1.saved_model.load(
            session, ["serve"], str(served_folder / "1")
        )

    def in_process(signature, **columns):
        defined = graph.signature_def[signature]
        outputs = session.run(
            {key: output.name for key, output in defined.outputs.items()},
            {defined.inputs[key].name: v for key, v in columns.items()},
        )
        return {
            key: np.array(v, object if isinstance(v, bytes) else None)
            for key, v in outputs.items()
        }

    yield in_process
    session.close()


@pytest.fixture(scope="session")
def cold_folder(served_folder, tmp_path_factory):
    """The same, without requests to warm up with: for a server of few."""
    from tf_adapters.export.digests import write_digests
    from tf_adapters.export.warm_up import FILE

    folder = tmp_path_factory.mktemp("cold") / "reviews"
    shutil.copytree(served_folder / "1", folder / "1")
    (folder / "1" / FILE).unlink()
    write_digests(folder / "1")
    return folder


@contextlib.contextmanager
def our_server(folder, *flags):
    """Runs `tf-adapters serve` until the block ends, and sees it end well.

    In a process of its own: the seed that every test sets has TensorFlow
    forget the functions that it has prepared.
    """
    with process_of_server(folder, *flags) as (process, running):
        yield running
        process.terminate()
        assert process.wait(300) == 0


@contextlib.contextmanager
def process_of_server(folder, *flags):
    """Starts `tf-adapters serve` and waits until it answers."""
    command = [sys.executable, "-m", "tf_adapters", "serve", str(folder)]
    ports = ["--rest_port", "0", "--grpc_port", "0"]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [*command, *ports, "--poll_seconds", "0.1", *flags],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=ROOT,
        )
        try:
            printed = [process.stdout.readline() for _ in range(3)]
            log.seek(0)
            assert printed[-1], log.read()
            rest, grpc, page = (line.split()[1] for line in printed)
            host = page.split("/")[2]
            yield process, Running(host, rest, grpc, folder)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


@contextlib.contextmanager
def tf_serving(folder):
    """Runs TF Serving until the block ends."""
    rest, grpc = _free_port(), _free_port()
    process = subprocess.Popen(
        [
            TF_SERVING,
            f"--model_name={folder.name}",
            f"--model_base_path={folder}",
            f"--rest_api_port={rest}",
            f"--port={grpc}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", rest), 1).close()
                break
            time.sleep(0.1)
        yield Running(
            host=f"127.0.0.1:{rest}",
            rest=f"http://127.0.0.1:{rest}/v1/models/{folder.name}",
            grpc=f"grpc://127.0.0.1:{grpc}/{folder.name}",
            folder=folder,
            is_ours=False,
        )
    finally:
        process.terminate()
        process.wait()


def _free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture(scope="session")
def our_running(served_folder):
    """Our server, which stands for all tests."""
    pytest.importorskip("starlette")
    pytest.importorskip("uvicorn")
    with our_server(served_folder) as running:
        yield running


@pytest.fixture(scope="session", params=["tf-adapters serve", TF_SERVING])
def running(request, served_folder):
    """A server: ours, and TF Serving where it is on this machine."""
    if request.param != TF_SERVING:
        yield request.getfixturevalue("our_running")
        return
    if not shutil.which(TF_SERVING):
        pytest.skip(f"{TF_SERVING} is not on the PATH")
    with tf_serving(served_folder) as running:
        yield running

"""`serve PATH`: a server of an export, for development and tests."""

import asyncio
import logging
import os
import re
import signal
import sys
from typing import NoReturn

from etils import epy

from tf_adapters import storage
from tf_adapters.export.version_folder import whole_versions
from tf_adapters.runs.flags import override
from tf_adapters.server.settings import ServerSettings

with epy.lazy_imports():
    from tf_adapters.server import ports
    from tf_adapters.server import serve

SUMMARY = "serve an export over REST and gRPC, for development and tests"

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def main(argv: list[str], prog: str) -> None:
    """Serves the newest version in a folder until it is told to stop.

    Args:
        argv: the folder of the versions, then flags.
        prog: name of the command in its help.

    Raises:
        FileNotFoundError: if the folder has no version.
        ImportError: if what the server needs is not installed.
        OSError: if a port is taken.
    """
    path, argv = _take_path(argv)
    settings = override(ServerSettings(), argv, f"{prog} PATH")
    folder = storage.as_path(path)
    if not whole_versions(folder):
        raise FileNotFoundError(
            "`path` must be a folder of versions that `tf-adapters export` "
            f"wrote. Received: path={path!r}, which has none. Write what was "
            "given as --path, such as runs/first/saved_model."
        )
    name = settings.name or folder.name
    if not re.fullmatch(r"[\w.-]+", name, re.ASCII):
        raise ValueError(
            "`name` must be letters, digits, `_`, `-` and `.`, since it is "
            f"part of a URL. Received: name={name!r}. Write, say, --name "
            "reviews."
        )
    logging.basicConfig(
        level=logging.INFO, format=f"%(asctime)s {prog}: %(message)s"
    )
    # Before TensorFlow is imported and the model is loaded.
    if settings.grpc_port:
        ports.check_free(settings.host, settings.grpc_port, "grpc_port")
    rest = ports.listen(settings.host, settings.rest_port, "rest_port")

    stop = asyncio.Event()

    def started(grpc_port: int) -> None:
        loop, host = asyncio.get_running_loop(), settings.host
        for number in _SIGNALS:
            loop.add_signal_handler(number, _tell, stop)
        print(
            f"REST  http://{host}:{rest.getsockname()[1]}/v1/models/{name}\n"
            f"gRPC  grpc://{host}:{grpc_port}/{name}\n"
            f"page  http://{host}:{rest.getsockname()[1]}/\n"
            "For development and tests: it knows neither users nor TLS. In "
            "production serve the same folder with TF Serving.",
            flush=True,
        )

    async def until_told() -> None:
        await serve.serve(folder, settings, rest, started, stop)
        # Threads may load or compute on, for nobody.
        _end()

    # Until a version answers, nobody has an answer to lose.
    for number in _SIGNALS:
        signal.signal(number, lambda *_: os._exit(0))
    with rest:
        asyncio.run(until_told())


def _tell(stop: asyncio.Event) -> None:
    """Stops the server: gently if it is told so once, at once if twice."""
    if stop.is_set():
        _end()
    stop.set()


def _end() -> NoReturn:
    """Ends the process, whatever its threads are at."""
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)


def _take_path(argv: list[str]) -> tuple[str, list[str]]:
    """Returns the path and the flags."""
    if argv and not argv[0].startswith("-"):
        return argv[0], argv[1:]
    if argv and argv[0] in ("-h", "--help"):
        return "", argv
    raise ValueError(
        "What is served must come first. Received: "
        f"{' '.join(argv) or 'nothing'}. Write the folder of the versions, "
        "such as runs/first/saved_model."
    )

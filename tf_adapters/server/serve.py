"""Starts a server, and stops it so that nobody loses an answer."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable

import uvicorn

from tf_adapters import storage
from tf_adapters.server.batcher import Batcher
from tf_adapters.server.grpc_api import GrpcApi
from tf_adapters.server.metrics import Metrics
from tf_adapters.server.rest import RestApi
from tf_adapters.server.served import Served
from tf_adapters.server.settings import ServerSettings
from tf_adapters.server.versions import Versions

_LOG = logging.getLogger(__name__)


class _Uvicorn(uvicorn.Server):
    """uvicorn, without its own handling of signals."""

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()


async def serve(
    folder: storage.Path,
    settings: ServerSettings,
    rest: socket.socket,
    started: Callable[[int], None],
    stop: asyncio.Event,
) -> None:
    """Serves a folder until it is told to stop.

    Args:
        folder: the folder of the versions of one model.
        settings: the rest.
        rest: a socket for REST that listens.
        started: called with the port of gRPC, once a version answers.
        stop: set by whoever wants it to stop.

    Raises:
        ValueError: if no version can be loaded.
        OSError: if gRPC cannot have its port.
        RuntimeError: if REST ends before it is told to.
    """
    versions = Versions(folder, settings.name or folder.name)
    metrics = Metrics()
    batcher = Batcher(
        settings.num_batch_threads,
        settings.max_batch_size,
        settings.max_queued_rows,
        metrics.batch,
    )
    served = Served(versions, batcher, metrics, settings.timeout)
    grpc = GrpcApi(served, settings.max_body).server()
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    try:
        port = grpc.add_insecure_port(f"{host}:{settings.grpc_port}")
    except RuntimeError as error:
        raise OSError(f"gRPC: {error}") from error
    api = RestApi(served, settings.max_body, settings.timeout)
    web = _Uvicorn(
        uvicorn.Config(
            api.application(),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=max(1, round(settings.grace)),
        )
    )
    # Whoever asks meanwhile hears that it is unavailable, and asks again.
    await grpc.start()
    answering = asyncio.create_task(web.serve(sockets=[rest]))
    following = None
    try:
        await versions.update()
        if not versions.is_available:
            reasons = "; ".join(
                f"version {s.number}: {s.error}" for s in versions.statuses()
            )
            raise ValueError(
                "`path` must have a version that can be loaded. Received: "
                f"{str(folder)!r} ({reasons or 'which has none'}). Export it "
                "again."
            )
        _check_runs(answering)
        started(port)
        following = asyncio.create_task(versions.follow(settings.poll_seconds))
        await _told(stop, answering)
        _LOG.info("stopping")
    finally:
        if following:
            following.cancel()
        web.should_exit = True
        await asyncio.gather(
            grpc.stop(settings.grace), answering, return_exceptions=True
        )
        batcher.close()


async def _told(stop: asyncio.Event, answering: asyncio.Task) -> None:
    """Waits until `stop` is set, or REST ends by itself."""
    told = asyncio.create_task(stop.wait())
    await asyncio.wait([told, answering], return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    if not stop.is_set():
        _check_runs(answering)


def _check_runs(answering: asyncio.Task) -> None:
    """Raises what REST has ended with."""
    if answering.done():
        answering.result()
        raise RuntimeError("REST has ended before it was told to.")

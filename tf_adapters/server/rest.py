"""TF Serving's REST API, and a page to try it."""

import asyncio
import json
import pathlib
import time
from collections.abc import Callable
from typing import Any

from google.protobuf import json_format
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.responses import JSONResponse
from starlette.responses import Response
from starlette.routing import Route

from tf_adapters.server import json_request
from tf_adapters.server.batcher import Arrays
from tf_adapters.server.loaded_version import LoadedVersion
from tf_adapters.server.metrics import PATH as METRICS
from tf_adapters.server.refusal import HTTP_STATUS
from tf_adapters.server.refusal import Refusal
from tf_adapters.server.served import Served
from tf_adapters.server.versions import VersionStatus

_PAGE = pathlib.Path(__file__).with_name("page.html")
_MODEL = "/v1/models/{name}"
_VERSION = _MODEL + "/versions/{version}"
# Above, reading and writing JSON would keep others waiting.
_LARGE = 1 << 16
_JSON = "application/json"
# A body of up to so many times what is taken is read to its end, and thrown
# away, since who is still sending does not hear why it is refused.
_DRAINED = 4


class RestApi:
    """Answers HTTP.

    Args:
        served: the model.
        max_body: int. Bytes of the largest request.
        timeout: float. Seconds that a request may take to come in.
    """

    def __init__(self, served: Served, max_body: int, timeout: float) -> None:
        self._served = served
        self._max_body = max_body
        self._timeout = timeout

    def application(self) -> Starlette:
        """Returns the application for a server of ASGI."""
        get, post = ["GET"], ["POST"]
        return Starlette(
            routes=[
                Route("/", self._page, methods=get),
                Route("/healthz", self._health, methods=get),
                Route(METRICS, self._metrics, methods=get),
                *[
                    route
                    for place in (_VERSION, _MODEL)
                    for route in (
                        Route(f"{place}:predict", self._predict, methods=post),
                        Route(f"{place}/metadata", self._metadata, methods=get),
                        Route(place, self._status, methods=get),
                    )
                ],
            ],
            exception_handlers={
                404: _not_found,
                405: _not_found,
                Refusal: _refused,
            },
        )

    async def _page(self, request: Request) -> Response:
        text = _PAGE.read_text("utf-8")
        name = json.dumps(self._served.versions.name)
        return HTMLResponse(text.replace('"MODEL"', name))

    async def _health(self, request: Request) -> Response:
        is_available = self._served.versions.is_available
        status = 200 if is_available else 503
        return JSONResponse({"available": is_available}, status)

    async def _metrics(self, request: Request) -> Response:
        return Response(self._served.metrics_text(), media_type="text/plain")

    async def _status(self, request: Request) -> Response:
        versions = self._served.versions
        number = _asked(request, versions.name)
        found = [_status(s) for s in versions.statuses(number)]
        return JSONResponse({"model_version_status": found})

    async def _metadata(self, request: Request) -> Response:
        name = request.path_params["name"]
        number = _asked(request, self._served.versions.name)
        version = self._served.versions.get(name, number)
        signatures = {
            key: json_format.MessageToDict(
                value,
                preserving_proto_field_name=True,
                always_print_fields_with_no_presence=True,
            )
            for key, value in version.signature_defs.items()
        }
        spec = {
            "name": name,
            "signature_name": "",
            "version": str(version.number),
        }
        metadata = {"signature_def": {"signature_def": signatures}}
        return JSONResponse({"model_spec": spec, "metadata": metadata})

    async def _predict(self, request: Request) -> Response:
        start = time.monotonic()
        try:
            body = await self._answer(request)
        except Refusal as refusal:
            self._served.count("rest", refusal.code, start)
            raise
        self._served.count("rest", "OK", start)
        return Response(body, media_type=_JSON)

    async def _answer(self, request: Request) -> bytes:
        name = request.path_params["name"]
        number = _asked(request, self._served.versions.name)
        version = self._served.versions.get(name, number)
        body = await self._body(request)
        is_large = len(body) > _LARGE
        read = await _called(is_large, _read_request, body, version)
        outputs = await self._served.predict(version, *read[:2])
        write = json_request.write_outputs
        return await _called(is_large, write, outputs, read[2])

    async def _body(self, request: Request) -> bytes:
        """Reads a body that is not too large and comes in time."""
        try:
            return await asyncio.wait_for(
                self._read(request), timeout=self._timeout
            )
        except TimeoutError:
            raise Refusal(
                "REQUEST_TIMEOUT",
                f"A request must come in within {self._timeout:g} seconds.",
            ) from None
        except ClientDisconnect:
            raise Refusal("CANCELLED", "The client has left.") from None

    async def _read(self, request: Request) -> bytes:
        announced = request.headers.get("content-length", "0")
        size, parts = 0, []
        if int(announced) <= _DRAINED * self._max_body:
            async for part in request.stream():
                size += len(part)
                if size <= self._max_body:
                    parts.append(part)
                elif size > _DRAINED * self._max_body:
                    break
        if max(size, int(announced)) > self._max_body:
            raise Refusal(
                "BODY_TOO_LARGE",
                f"A request must have at most {self._max_body} bytes. Send "
                "fewer rows.",
            )
        return b"".join(parts)


# What HTTP has a status for and gRPC has not.
_STATUS = {
    **HTTP_STATUS,
    "REQUEST_TIMEOUT": 408,
    "BODY_TOO_LARGE": 413,
    "CANCELLED": 499,
}


async def _called(is_long: bool, function: Callable, *arguments: Any) -> Any:
    """Calls a function, in a thread if it would keep others waiting."""
    if is_long:
        return await asyncio.to_thread(function, *arguments)
    return function(*arguments)


def _read_request(
    body: bytes, version: LoadedVersion
) -> tuple[str, Arrays, bool]:
    """Returns the signature, its inputs, and whether it was asked by rows."""
    asked = json_request.parse(body)
    signature = asked.get("signature_name") or "serving_default"
    inputs = json_request.read_inputs(asked, version.signature(signature))
    return signature, inputs, "instances" in asked


def _asked(request: Request, served: str) -> int | None:
    """Returns the version that a path names, of the model that is served."""
    name = request.path_params["name"]
    if name != served:
        raise Refusal(
            "NOT_FOUND", f"The model must be {served!r}. Received: {name!r}."
        )
    version = request.path_params.get("version")
    if version is None:
        return None
    if not (version.isascii() and version.isdecimal() and len(version) < 19):
        raise Refusal(
            "INVALID_ARGUMENT",
            f"The version must be a number. Received: {version!r}.",
        )
    return int(version)


def _status(status: VersionStatus) -> dict[str, Any]:
    code = "UNKNOWN" if status.error else "OK"
    return {
        "version": str(status.number),
        "state": status.state,
        "status": {"error_code": code, "error_message": status.error},
    }


async def _refused(request: Request, refusal: Refusal) -> Response:
    status = _STATUS[refusal.code]
    # What of the body is still to come is not read.
    headers = {"Connection": "close"} if status in (408, 413) else None
    return JSONResponse({"error": refusal.message}, status, headers)


async def _not_found(request: Request, error: Exception) -> Response:
    message = f"There is no {request.method} {request.url.path}."
    return JSONResponse({"error": message}, error.status_code, error.headers)

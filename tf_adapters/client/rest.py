"""A model asked over TF Serving's REST API."""

import asyncio
import json
from typing import Any

import httpx

from tf_adapters.client.address import Address
from tf_adapters.client.server_error import ServerError

# As TF Serving has them. It has no other for a request that came too late.
_CODES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    412: "FAILED_PRECONDITION",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class RestTransport:
    """Sends requests by HTTP.

    Args:
        address: an `Address` with HTTP.
        timeout: float. Seconds that a request may take.
    """

    def __init__(self, address: Address, timeout: float) -> None:
        # Who asks says how many requests are under way, and bounds all of each
        # at once: httpx would bound connecting, sending and receiving apart.
        limits = httpx.Limits(max_connections=None)
        self._client = httpx.AsyncClient(timeout=None, limits=limits)
        self._timeout = timeout
        # Answers do not say which version gave them.
        self._version = address.version
        version = "" if self._version is None else f"/versions/{self._version}"
        model = f"{address.server}/v1/models/{address.model}"
        self._url = f"{model}{version}:predict"

    async def predict(
        self, signature: str, inputs: dict[str, list[str]]
    ) -> tuple[dict[str, list[Any]], int | None]:
        """Asks one signature.

        Args:
            signature: str.
            inputs: dict from the name of an input to its texts.

        Returns:
            dict from the name of an output to its rows, and the version that
            gave them, `None` if that is not known.

        Raises:
            ServerError: if the server did not answer.
        """
        body = json.dumps({"signature_name": signature, "inputs": inputs})
        headers = {"Content-Type": "application/json"}
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._client.post(
                    self._url, content=body.encode(), headers=headers
                )
        except TimeoutError as error:
            message = f"No answer in time from {self._url}"
            raise ServerError("DEADLINE_EXCEEDED", message) from error
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            message = f"Nobody answers at {self._url}: {reason}"
            raise ServerError("UNAVAILABLE", message) from error
        if response.status_code != 200:
            code = _CODES.get(response.status_code, "UNKNOWN")
            raise ServerError(code, _words(response))
        return _outputs(response), self._version

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()


def _words(response: httpx.Response) -> str:
    """Returns what a server says of a request that it refuses."""
    try:
        return str(response.json()["error"])
    except (ValueError, KeyError, TypeError):
        # A proxy's, say.
        return f"{response.status_code} {response.text[:500]}".strip()


def _outputs(response: httpx.Response) -> dict[str, list[Any]]:
    try:
        outputs = response.json()["outputs"]
        # Of a signature with one output, TF Serving leaves out the name; ours
        # have several.
        return {name: outputs[name] for name in outputs}
    except (ValueError, KeyError, TypeError) as error:
        raise ServerError(
            "INTERNAL",
            "The server must answer with the JSON of TF Serving. Received: "
            f"{response.text[:500]}",
        ) from error

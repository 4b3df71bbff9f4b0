"""A model asked over TF Serving's gRPC API."""

import asyncio
import contextlib
from typing import Any

import grpc

from tf_adapters.client import messages
from tf_adapters.client.address import Address
from tf_adapters.client.server_error import ServerError

# An answer of thousands of rows is larger than the 4 MB of gRPC's default.
_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
]


class GrpcTransport:
    """Sends requests by gRPC.

    Args:
        address: an `Address` with gRPC.
        timeout: float. Seconds that a request may take.
    """

    def __init__(self, address: Address, timeout: float) -> None:
        if address.scheme == "grpcs":
            credentials = grpc.ssl_channel_credentials()
            self._channel = grpc.secure_channel(
                address.server, credentials, _OPTIONS
            )
        else:
            self._channel = grpc.insecure_channel(address.server, _OPTIONS)
        self._address = address
        self._timeout = timeout
        self._predict = messages.PredictionServiceStub(self._channel).Predict

    async def predict(
        self, signature: str, inputs: dict[str, list[str]]
    ) -> tuple[dict[str, list[Any]], int | None]:
        """Asks one signature, as `RestTransport.predict`."""
        request = messages.predict_request(
            self._address.model, self._address.version, signature, inputs
        )
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        # gRPC's own loops of asyncio disturb one another where a process has
        # several of them.
        call = self._predict.future(request, timeout=self._timeout)
        call.add_done_callback(lambda _: _tell(loop, ended))
        try:
            await ended.wait()
        finally:
            call.cancel()
        if call.code() is not grpc.StatusCode.OK:
            raise ServerError(call.code().name, call.details())
        response = call.result()
        outputs = response.outputs
        rows = {name: messages.rows(outputs[name]) for name in outputs}
        spec = response.model_spec
        return rows, spec.version.value if spec.HasField("version") else None

    async def close(self) -> None:
        """Closes the connection."""
        self._channel.close()


def _tell(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    # The client may have been closed before its last call had ended.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(ended.set)

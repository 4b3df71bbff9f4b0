"""Where a served model is."""

import dataclasses
import re
import urllib.parse
from typing import Self

_HTTP = re.compile(
    r"(https?://[^/?#]+(?:/[^?#]*)?)/v1/models/([\w.-]+)(?:/versions/(\d+))?/?"
)
_GRPC = re.compile(r"(grpcs?)://([^/?#]+)/([\w.-]+)(?:/versions/(\d+))?/?")


@dataclasses.dataclass(frozen=True)
class Address:
    """A model on a server.

    Attributes:
        scheme: str. `http`, `https`, `grpc` or `grpcs`.
        server: str. For HTTP, all that comes before `/v1/models`; for gRPC,
            host and port.
        model: str.
        version: int, or `None` for the one that the server chooses.
    """

    scheme: str
    server: str
    model: str
    version: int | None = None

    @classmethod
    def parse(cls, url: str) -> Self:
        """Reads an address.

        Args:
            url: `http://HOST:PORT/v1/models/NAME` or
                `grpc://HOST:PORT/NAME`, and `/versions/NUMBER` after it;
                `https` and `grpcs` for TLS.

        Raises:
            ValueError: if it is none of these, or has a port that is none.
        """
        _check_port(url)
        if match := _HTTP.fullmatch(url):
            server, model, version = match.groups()
            scheme = server.partition(":")[0]
        elif match := _GRPC.fullmatch(url):
            scheme, server, model, version = match.groups()
        else:
            raise ValueError(
                "`url` must be http://HOST:PORT/v1/models/NAME or "
                "grpc://HOST:PORT/NAME, perhaps with /versions/NUMBER after "
                f"it. Received: url={url!r}. Write, say, "
                "http://localhost:8501/v1/models/reviews."
            )
        return cls(scheme, server, model, int(version) if version else None)


def _check_port(url: str) -> None:
    try:
        is_port = urllib.parse.urlsplit(url).port != 0
    except ValueError:
        is_port = False
    if not is_port:
        raise ValueError(
            "The port in `url` must be a number from 1 to 65535. Received: "
            f"url={url!r}. Write, say, http://localhost:8501/v1/models/reviews."
        )

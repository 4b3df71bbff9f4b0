"""What a server is told when it is started."""

import dataclasses
import math


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """Serves the newest version in a folder over REST and gRPC.

    It is for development and tests: it knows neither users nor TLS. In
    production serve the same folder with TF Serving.

    Attributes:
        name: what clients call the model; the name of the folder if empty.
        host: address to listen at. 0.0.0.0 lets other machines in.
        rest_port: port of the REST API and of the page; 0 for any.
        grpc_port: port of the gRPC API; 0 for any.
        max_batch_size: rows of several requests that are computed together.
        max_queued_rows: rows that wait; what comes then is refused.
        num_batch_threads: batches that are computed at the same time.
        max_body_mb: size of a request, in megabytes.
        timeout: seconds for a request to come in, and to be answered.
        poll_seconds: time between two looks for another version.
        grace: seconds that requests have to end in after SIGTERM.
    """

    name: str = ""
    host: str = "127.0.0.1"
    rest_port: int = 8501
    grpc_port: int = 8500
    max_batch_size: int = 64
    max_queued_rows: int = 4096
    num_batch_threads: int = 2
    max_body_mb: float = 16.0
    timeout: float = 60.0
    poll_seconds: float = 1.0
    grace: float = 10.0

    def __post_init__(self) -> None:
        """Refuses what no server can do."""
        for name in ("max_batch_size", "max_queued_rows", "num_batch_threads"):
            _check(name, getattr(self, name), 1 <= getattr(self, name))
        for name in ("rest_port", "grpc_port"):
            _check(name, getattr(self, name), 0 <= getattr(self, name) < 65536)
        for name in ("max_body_mb", "timeout", "poll_seconds"):
            _check(
                name, getattr(self, name), 0 < getattr(self, name) < math.inf
            )
        _check("grace", self.grace, 0 <= self.grace < math.inf)

    @property
    def max_body(self) -> int:
        """Bytes of the largest request."""
        return int(self.max_body_mb * 2**20)


def _check(name: str, value: float, is_right: bool) -> None:
    if not is_right:
        rule = {
            "max_batch_size": "at least 1",
            "max_queued_rows": "at least 1",
            "num_batch_threads": "at least 1",
            "rest_port": "from 0 to 65535",
            "grpc_port": "from 0 to 65535",
            "grace": "finite and at least 0",
        }.get(name, "finite and more than 0")
        raise ValueError(f"`{name}` must be {rule}. Received: {name}={value}.")

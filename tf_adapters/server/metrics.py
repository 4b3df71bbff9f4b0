"""What a server counts, for Prometheus."""

import prometheus_client
from prometheus_client import core

# Of TF Serving, as our `monitoring.config` has it.
PATH = "/monitoring/prometheus/metrics"
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, float("inf"))


class Metrics:
    """Counts requests, rows and seconds."""

    def __init__(self) -> None:
        self._registry = core.CollectorRegistry()
        prometheus_client.ProcessCollector(registry=self._registry)
        self._requests = prometheus_client.Counter(
            "tf_adapters_requests",
            "Requests that were answered or refused, by the code of gRPC",
            ["api", "code"],
            registry=self._registry,
        )
        self._seconds = prometheus_client.Histogram(
            "tf_adapters_request_seconds",
            "Time from the whole request to its answer",
            ["api"],
            registry=self._registry,
        )
        self._rows = prometheus_client.Histogram(
            "tf_adapters_batch_rows",
            "Rows that were computed together",
            buckets=_ROWS,
            registry=self._registry,
        )
        self._version = prometheus_client.Gauge(
            "tf_adapters_version",
            "The version that is served",
            registry=self._registry,
        )
        self._queued = prometheus_client.Gauge(
            "tf_adapters_queued_rows",
            "Rows that wait",
            registry=self._registry,
        )

    def request(self, api: str, code: str, seconds: float) -> None:
        """Counts a request.

        Args:
            api: str. `rest` or `grpc`.
            code: str. `OK`, or why it was refused.
            seconds: float.
        """
        self._requests.labels(api, code).inc()
        self._seconds.labels(api).observe(seconds)

    def batch(self, num_rows: int) -> None:
        """Counts a batch that is computed."""
        self._rows.observe(num_rows)

    def text(self, version: int, num_queued: int) -> bytes:
        """Returns all of it as Prometheus reads it.

        Args:
            version: int. The one that is served, 0 for none.
            num_queued: int. Rows that wait.
        """
        self._version.set(version)
        self._queued.set(num_queued)
        return prometheus_client.generate_latest(self._registry)

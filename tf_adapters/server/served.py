"""What REST and gRPC have in common."""

import asyncio
import time

from tf_adapters.server.batcher import Arrays
from tf_adapters.server.batcher import Batcher
from tf_adapters.server.loaded_version import LoadedVersion
from tf_adapters.server.metrics import Metrics
from tf_adapters.server.refusal import Refusal
from tf_adapters.server.versions import Versions


class Served:
    """A model that is asked, whatever the language of the request.

    Args:
        versions: which version answers.
        batcher: who computes.
        metrics: who counts.
        timeout: float. Seconds that an answer may take.
    """

    def __init__(
        self,
        versions: Versions,
        batcher: Batcher,
        metrics: Metrics,
        timeout: float,
    ) -> None:
        self.versions = versions
        self.metrics = metrics
        self._batcher = batcher
        self._timeout = timeout

    async def predict(
        self, version: LoadedVersion, signature: str, inputs: Arrays
    ) -> Arrays:
        """Checks and computes a request.

        Raises:
            Refusal: if it makes no sense, or takes too long.
        """
        version.check(signature, inputs)
        computed = self._batcher.compute(version, signature, inputs)
        try:
            return await asyncio.wait_for(computed, self._timeout)
        except TimeoutError:
            raise Refusal(
                "DEADLINE_EXCEEDED",
                f"No answer within {self._timeout:g} seconds. Ask again "
                "later, or for fewer rows.",
            ) from None

    def count(self, api: str, code: str, start: float) -> None:
        """Counts a request that began at `start` by `time.monotonic`."""
        self.metrics.request(api, code, time.monotonic() - start)

    def metrics_text(self) -> bytes:
        """Returns what Prometheus reads."""
        version = self.versions.current_number or 0
        return self.metrics.text(version, self._batcher.num_queued)

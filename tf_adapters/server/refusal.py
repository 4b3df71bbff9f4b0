"""A request that is not answered, and why."""

import re

import tensorflow as tf

# The HTTP status for each of gRPC's, as TF Serving has them.
HTTP_STATUS = {
    "INVALID_ARGUMENT": 400,
    "OUT_OF_RANGE": 400,
    "NOT_FOUND": 404,
    "DEADLINE_EXCEEDED": 504,
    "RESOURCE_EXHAUSTED": 429,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "INTERNAL": 500,
}


class Refusal(Exception):
    """Why a request is not answered.

    Args:
        code: str. A key of `HTTP_STATUS`, a name of gRPC's.
        message: str.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @classmethod
    def of(cls, error: Exception) -> "Refusal":
        """Returns what a client is told of an error of the graph.

        Args:
            error: what computing raised.
        """
        if isinstance(error, Refusal):
            return error
        # What a graph refuses it says for the client; a text that is no text
        # is TensorFlow's to find.
        if isinstance(error, tf.errors.InvalidArgumentError):
            return cls("INVALID_ARGUMENT", _words(error.message))
        if isinstance(error, tf.errors.ResourceExhaustedError):
            return cls("RESOURCE_EXHAUSTED", _words(error.message))
        return cls("INTERNAL", f"{type(error).__name__}: {error}")


def _words(message: str) -> str:
    """Returns what an error says, without what TensorFlow puts around it."""
    asserted = re.search(
        r"assertion failed: \[(.*?)\]\s*(?:\[\[|$)", message, re.DOTALL
    )
    if asserted:
        return asserted[1]
    around = ("Graph execution error", "Detected at node", "<stack", "\t [[")
    lines = [
        line
        for line in message.split("\n")
        if line and not line.startswith(around)
    ]
    return lines[0] if lines else message.strip()


def wrong(message: str) -> Refusal:
    """Returns the refusal of a request that makes no sense."""
    return Refusal("INVALID_ARGUMENT", message)

"""What a server says when it does not answer."""


class ServerError(Exception):
    """A request that was not answered, in the words of the server.

    Args:
        code: str. The name of the status in gRPC, also over REST, such as
            `"INVALID_ARGUMENT"` for a request that makes no sense,
            `"UNAVAILABLE"` where nobody answers. A full queue is
            `"RESOURCE_EXHAUSTED"` on `tf-adapters serve`, and `"UNAVAILABLE"`
            on TF Serving.
        message: str. What the server says.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message

"""The ports of a server, taken before anything that takes long."""

import socket


def listen(host: str, port: int, flag: str) -> socket.socket:
    """Returns a socket that listens.

    Args:
        host: str.
        port: int; 0 for any that is free.
        flag: str. Which setting gave the port, for the message.

    Raises:
        OSError: if it is taken, or the machine has no such address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    # What a server before this one left in TIME_WAIT is no other server.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        # Until it listens, another may be bound to the port as well.
        bound.listen()
    except (OSError, OverflowError) as error:
        bound.close()
        reason = getattr(error, "strerror", None) or error
        raise OSError(
            f"`{flag}` must be a free port of `host`. Received: {host}:{port} "
            f"({reason}). Stop what listens there, or write another."
        ) from error
    return bound


def check_free(host: str, port: int, flag: str) -> None:
    """Refuses a port that is taken, as `listen`."""
    # Of others that listen there, gRPC says no more than that it failed.
    listen(host, port, flag).close()

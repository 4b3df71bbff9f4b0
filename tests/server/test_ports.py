import pytest

from tf_adapters.server.ports import check_free
from tf_adapters.server.ports import listen


@pytest.mark.parametrize("take", [listen, check_free])
def test_a_port_belongs_to_whoever_was_first(take):
    """Also before anybody is answered there."""
    with listen("127.0.0.1", 0, "rest_port") as first:
        port = first.getsockname()[1]
        message = f"`grpc_port` must be a free port.*127.0.0.1:{port} "
        with pytest.raises(OSError, match=message):
            take("127.0.0.1", port, "grpc_port")
    check_free("127.0.0.1", port, "grpc_port")


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(OSError, match="`rest_port`.*192.0.2.1:0"):
        listen("192.0.2.1", 0, "rest_port")

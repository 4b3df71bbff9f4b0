import pytest

from tf_adapters.server.settings import ServerSettings


@pytest.mark.parametrize(
    "setting, rule",
    [
        ({"max_batch_size": 0}, "at least 1"),
        ({"max_queued_rows": 0}, "at least 1"),
        ({"num_batch_threads": 0}, "at least 1"),
        ({"rest_port": 65536}, "from 0 to 65535"),
        ({"grpc_port": -1}, "from 0 to 65535"),
        ({"timeout": 0.0}, "more than 0"),
        ({"timeout": float("inf")}, "finite"),
        ({"poll_seconds": 0.0}, "more than 0"),
        ({"max_body_mb": float("nan")}, "more than 0"),
        ({"grace": -1.0}, "at least 0"),
    ],
)
def test_what_no_server_can_do_is_refused(setting, rule):
    [(name, value)] = setting.items()
    with pytest.raises(ValueError, match=f"`{name}`.*{rule}.*{name}={value}"):
        ServerSettings(**setting)


def test_it_listens_only_to_its_own_machine_unless_it_is_told():
    assert ServerSettings().host == "127.0.0.1"

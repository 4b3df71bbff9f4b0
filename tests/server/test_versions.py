"""Which version is served, with versions that are names on a disk."""

import asyncio
import shutil
import threading

import pytest
import tensorflow as tf

from tf_adapters import storage
from tf_adapters.server import versions as module
from tf_adapters.server.refusal import Refusal
from tf_adapters.server.versions import Versions


class Model:
    pass


class Loaded:
    def __init__(self, folder):
        text = (folder / "saved_model.pb").read_text()
        if text != "whole":
            raise ValueError(f"{text}\nand more")
        self.number = int(folder.name)
        self.model = Model()


@pytest.fixture
def versions(tmp_path, monkeypatch):
    """A function that writes a version, and what serves them."""
    monkeypatch.setattr(module, "_load_warm", Loaded)
    monkeypatch.setattr(module, "_collect", lambda: None)

    def publish(number, text="whole"):
        folder = tmp_path / "m" / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "saved_model.pb").write_text(text)
        return folder

    return publish, Versions(tmp_path / "m", "m")


def update(served):
    asyncio.run(served.update())
    return served.current_number


def test_the_newest_version_is_served(versions):
    publish, served = versions
    assert update(served) is None
    for number in (1, 9, 10):
        publish(number)
    assert update(served) == 10
    assert served.get("m").number == served.get("m", 10).number == 10
    publish(11)
    assert update(served) == 11
    states = [(s.number, s.state) for s in served.statuses()]
    assert states == [(11, "AVAILABLE"), (10, "END")]


def test_a_damaged_version_is_passed_over_until_it_changes(versions):
    publish, served = versions
    publish(1)
    update(served)
    publish(2, "damaged")
    assert update(served) == 1
    [status] = served.statuses(2)
    assert (status.state, status.error) == ("END", "damaged")
    # It is not tried again, though it would load.
    served._damaged[2] = module._files(publish(2))
    assert update(served) == 1
    publish(2, "whole ")
    assert update(served) == 1
    publish(2)
    assert update(served) == 2


def test_a_version_that_is_taken_away_gives_way_to_the_one_before(versions):
    publish, served = versions
    publish(1)
    newest = publish(2)
    assert update(served) == 2
    shutil.rmtree(newest)
    assert update(served) == 1


def test_the_last_one_is_served_on_if_all_are_taken_away(versions):
    publish, served = versions
    only = publish(1)
    update(served)
    shutil.rmtree(only)
    assert update(served) == 1


def test_the_one_before_answers_while_the_next_is_loaded(versions, monkeypatch):
    publish, served = versions
    publish(1)
    update(served)
    publish(2)

    def load(folder):
        assert served.get("m").number == 1
        assert served.statuses(2)[0].state == "LOADING"
        return Loaded(folder)

    monkeypatch.setattr(module, "_load_warm", load)
    assert update(served) == 2


@pytest.mark.parametrize(
    "error", [OSError("away"), tf.errors.UnavailableError(None, None, "away")]
)
def test_a_file_system_that_is_away_is_looked_at_again(
    versions, monkeypatch, caplog, error
):
    """Errors of TensorFlow, as from gs://, are no OSError."""
    publish, served = versions
    publish(1)
    wanted, errors = served._wanted, [error]

    def once_away():
        if errors:
            raise errors.pop()
        return wanted()

    async def follow():
        following = asyncio.create_task(served.follow(0.001))
        while not served.is_available and not following.done():
            await asyncio.sleep(0.001)
        following.cancel()

    monkeypatch.setattr(served, "_wanted", once_away)
    asyncio.run(asyncio.wait_for(follow(), 10))
    assert served.current_number == 1 and "away" in caplog.text


def test_no_file_is_looked_at_in_the_loop_of_the_server(versions, monkeypatch):
    publish, served = versions
    publish(1)
    threads, listed = set(), storage.listed

    def list_here(folder):
        threads.add(threading.get_ident())
        return listed(folder)

    monkeypatch.setattr(storage, "listed", list_here)
    assert update(served) == 1
    assert threads and threading.get_ident() not in threads


@pytest.mark.parametrize(
    "name, number, code",
    [("n", None, "NOT_FOUND"), ("m", 2, "NOT_FOUND"), ("m", 1, None)],
)
def test_what_is_not_served_is_not_found(versions, name, number, code):
    publish, served = versions
    with pytest.raises(Refusal) as caught:
        served.get("m")
    assert caught.value.code == "UNAVAILABLE"
    publish(1)
    update(served)
    if code is None:
        assert served.get(name, number).number == 1
        return
    with pytest.raises(Refusal) as caught:
        served.get(name, number)
    assert caught.value.code == code


def test_of_what_is_not_there_is_no_status(versions):
    _, served = versions
    with pytest.raises(Refusal, match="no version 3"):
        served.statuses(3)

import pytest
from tensorboard.backend.event_processing import event_file_loader
from tensorboard.compat.proto import event_pb2

from tf_adapters.tensorboard.event_log import EventLog
from tf_adapters.tensorboard.panels.panel import scalar


@pytest.fixture
def folder(tmp_path):
    """Points at the steps 0 to 6, of two processes one after the other."""
    for steps in (range(4), range(4, 7)):
        log = EventLog(tmp_path)
        for step in steps:
            log.write(step, scalar("a", step, ""), scalar("b", -step, ""))
        log.close()
    return tmp_path


def events(folder):
    return [
        event_pb2.Event.FromString(record)
        for path in sorted(folder.iterdir())
        for record in event_file_loader.RawEventFileLoader(str(path)).Load()
    ]


def steps(folder):
    return [event.step for event in events(folder) if event.summary.value]


def test_one_event_holds_all_of_a_step(folder):
    (third,) = [event for event in events(folder) if event.step == 3]
    assert [value.tag for value in third.summary.value] == ["a", "b"]
    assert [value.tensor.float_val[0] for value in third.summary.value] == [
        3.0,
        -3.0,
    ]


@pytest.mark.parametrize("last", [6, 5, 3, 2, 0])
def test_later_steps_are_forgotten(folder, last):
    EventLog(folder).forget_after(last)
    assert steps(folder) == list(range(last + 1))


def test_files_are_left_alone_that_have_nothing_to_forget(folder):
    before = {path: path.read_bytes() for path in folder.iterdir()}
    EventLog(folder).forget_after(5)
    first, second = sorted(before)
    assert first.read_bytes() == before[first]
    assert second.read_bytes() != before[second]


def test_nothing_is_left_of_what_has_never_begun(folder):
    EventLog(folder).forget_after(-1)
    assert list(folder.iterdir()) == []
    assert EventLog(folder).is_empty


def test_what_is_written_again_is_forgotten(folder):
    EventLog(folder).forget_again(5, [scalar("a", 0, ""), scalar("c", 0, "")])
    assert steps(folder) == [0, 1, 2, 3, 4, 6]
    EventLog(folder).forget_again(6, [scalar("c", 0, "")])
    assert steps(folder) == [0, 1, 2, 3, 4, 6]


def test_an_event_that_was_cut_short_goes_too(folder):
    path = sorted(folder.iterdir())[-1]
    path.write_bytes(path.read_bytes()[:-5])
    EventLog(folder).forget_after(5)
    assert steps(folder) == list(range(6))


def test_files_of_others_are_left_alone(folder):
    (folder / "notes.txt").write_text("mine")
    EventLog(folder).forget_after(-1)
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_so_it_is_in_an_object_store(object_store, tmp_path):
    log = EventLog(object_store.root / "logs")
    assert log.is_empty
    for step in range(3):
        log.write(step, scalar("a", step, ""))
    log.close()
    again = EventLog(object_store.root / "logs")
    assert not again.is_empty
    again.forget_after(1)
    (content,) = object_store.contents().values()
    (tmp_path / "events").write_bytes(content)
    assert steps(tmp_path) == [0, 1]

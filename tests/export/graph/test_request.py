import pytest
import tensorflow as tf

from tf_adapters.data.task import Task
from tf_adapters.export.graph.known_tasks import KnownTasks
from tf_adapters.export.graph.request import read_columns
from tf_adapters.export.graph.request import read_mixed

TASKS = [
    Task(name="one", text_columns=("a",), labels=("no", "yes")),
    Task(name="pair", text_columns=("a", "b"), labels=("no", "yes")),
]
KNOWN = KnownTasks(TASKS)


def is_blank(texts):
    return tf.equal(tf.strings.strip(texts), "")


@tf.function(autograph=False)
def read(text, text_pair, task):
    return read_mixed(text, text_pair, task, KNOWN, is_blank)


def strings(*lists):
    return [tf.constant(values, tf.string) for values in lists]


def refuses(message):
    return pytest.raises(tf.errors.InvalidArgumentError, match=message)


def test_a_good_request_is_handed_on():
    texts = strings(["a", "b"], ["c", ""], ["pair", "one"])
    text, text_pair, task_ids = read(*texts)
    assert text.numpy().tolist() == [b"a", b"b"]
    assert text_pair.numpy().tolist() == [b"c", b""]
    assert task_ids.numpy().tolist() == [1, 0]


def test_no_row_is_a_good_request():
    assert read(*strings([], [], []))[2].shape == (0,)


@pytest.mark.parametrize(
    "texts, message",
    [
        (
            (["a", "b"], [""], ["one"]),
            "`text`, `text_pair` and `task` must have the same number of "
            "rows. Received: text=2, text_pair=1, task=1. Send one",
        ),
        (
            (["a", "b", "c"], ["", "", ""], ["one", "two", "TWO"]),
            "`task` must name a task of this model. Received: two, TWO in row "
            "1, 2. Known tasks: one, pair.",
        ),
        (
            (["a", "b"], ["", "c"], ["one", "one"]),
            r"`text_pair` must be empty for a task that reads one text "
            r"\(one\). Received: a second text in row 1. Send an empty string",
        ),
        (
            (["a", " \t"], ["", ""], ["one", "one"]),
            "`text` must not be empty where the task reads it. Received: "
            "nothing in row 1. Send the text",
        ),
        (
            (["a", "b"], ["", ""], ["pair", "one"]),
            "`text_pair` must not be empty.* in row 0",
        ),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(texts, message):
    with refuses(message):
        read(*strings(*texts))


def test_the_texts_of_one_task_are_checked_under_their_own_names():
    reader = tf.function(
        lambda a, b: read_columns({"x": a, "y": b}, is_blank), autograph=False
    )
    assert len(reader(*strings(["a"], ["b"]))) == 2
    with refuses("`x` and `y` must have.*: x=1, y=2"):
        reader(*strings(["a"], ["b", "c"]))
    with refuses("`y` must not be empty.*row 0"):
        reader(*strings(["a"], [""]))

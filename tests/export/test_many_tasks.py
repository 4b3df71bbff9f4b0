"""What an export costs does not grow with its tasks, but for their weights."""

import pathlib

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from tests.method_table import METHODS
from tests.rounding import ROUNDING
from tf_adapters import IntrinsicSAID
from tf_adapters.data.task import Task
from tf_adapters.export import export_saved_model
from tf_adapters.export.graph.known_tasks import KnownTasks
from tf_adapters.layers.banks import bank


def make_tasks(count):
    """Tasks of two or three labels, which say the number of the task."""
    return [
        Task(
            name=f"task_{i}",
            text_columns=("text",),
            labels=[f"{i}_{label}" for label in range(2 + i % 2)],
        )
        for i in range(count)
    ]


def num_nodes(folder):
    written = saved_model_pb2.SavedModel()
    content = (pathlib.Path(folder) / "saved_model.pb").read_bytes()
    written.ParseFromString(content)
    functions = written.meta_graphs[0].graph_def.library.function
    return sum(len(function.node_def) for function in functions)


def test_tasks_are_found_by_name():
    known = KnownTasks(make_tasks(100))
    names = [f"task_{i}" for i in range(100)]
    np.testing.assert_array_equal(known.ids(tf.constant(names)), range(100))
    wrong = tf.constant(["", "task_100", "TASK_1", "task_1 "])
    np.testing.assert_array_equal(known.ids(wrong), [-1] * 4)


@pytest.mark.parametrize(
    "count, last", [(32, "30, task_31"), (33, "task_31 and 1 more")]
)
def test_an_error_lists_no_more_than_32_tasks(count, last):
    assert KnownTasks(make_tasks(count)).listed.endswith(last)


@pytest.mark.large
@pytest.mark.parametrize(
    "count, named, expected",
    [
        (32, None, [f"task_{i}" for i in range(32)]),
        (33, None, []),
        (33, ["task_32", "task_4", "task_4"], ["task_32", "task_4"]),
        (3, [], []),
    ],
)
def test_tasks_have_their_own_signatures_if_few_or_named(
    make_model, tmp_path, count, named, expected
):
    model = make_model(make_tasks(count))
    folder = export_saved_model(model, tmp_path, 16, task_signatures=named)
    served = tf.saved_model.load(str(folder)).signatures
    of_all = {"serving_default", "token_ids", "describe", "describe_tasks"}
    assert set(served) == {*of_all, *expected}
    for name in expected[:2]:
        labels = served[name](text=tf.constant(["a good film"]))["label"]
        assert labels[0].numpy().decode().startswith(name[5:] + "_")


@pytest.mark.parametrize(
    "named, message",
    [
        (["task_0", "nli"], "Received: nli. Its tasks are: task_0, task_1"),
        ("task_0", r"Write task_signatures=\['task_0'\]"),
    ],
)
def test_names_of_no_task_are_refused(make_model, tmp_path, named, message):
    model = make_model(make_tasks(2))
    with pytest.raises(ValueError, match=message):
        export_saved_model(model, tmp_path, 16, task_signatures=named)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.large
@pytest.mark.parametrize(
    "name, limit", [("pfeiffer_feedforward", 10**9), ("pals", 0)]
)
def test_the_graph_does_not_grow_with_the_tasks(
    make_model, tmp_path, monkeypatch, name, limit
):
    monkeypatch.setattr(bank, "_GATHERED", limit)
    few, many = (
        num_nodes(
            export_saved_model(
                make_model(make_tasks(count), METHODS[name]()),
                tmp_path / str(count),
                sequence_length=16,
                task_signatures=[],
            )
        )
        for count in (3, 60)
    )
    assert few == many


@pytest.mark.large
def test_updated_weights_of_a_task_cost_their_reading_only(
    make_model, tmp_path
):
    def nodes(count):
        model = make_model(make_tasks(count), IntrinsicSAID(60))
        path = tmp_path / str(count)
        return num_nodes(
            export_saved_model(model, path, 16, task_signatures=[])
        )

    two, three = nodes(2), nodes(3)
    # The encoder is there twice, for mixed tasks and for one, and not again:
    # a third task adds what reads and restores each of its weights.
    assert three - two < two / 4


@pytest.mark.large
def test_every_task_answers_as_the_keras_model_does(make_model, tmp_path):
    model = make_model(make_tasks(60))
    served = tf.saved_model.load(str(export_saved_model(model, tmp_path, 16)))
    order = np.random.default_rng(0).permutation(60)
    outputs = served.signatures["serving_default"](
        text=tf.constant(["a good film"] * 60),
        text_pair=tf.constant([""] * 60),
        task=tf.constant([f"task_{i}" for i in order]),
    )
    # [CLS] a good film [SEP]
    ids = np.tile([2, 5, 6, 8, 3], (60, 1)).astype("int32")
    logits = model.predict_on_batch(
        {
            "token_ids": ids,
            "segment_ids": np.zeros_like(ids),
            "padding_mask": np.ones_like(ids),
            "task_ids": order.astype("int32"),
        }
    )
    expected = tf.nn.softmax(logits)
    np.testing.assert_allclose(outputs["scores"], expected, atol=ROUNDING)
    best = logits.argmax(axis=1)
    labels = [f"{i}_{label}" for i, label in zip(order, best, strict=True)]
    assert [label.decode() for label in outputs["label"].numpy()] == labels
    assert not np.any(np.array(expected)[order % 2 == 0, 2])

import numpy as np
import pytest
import tensorflow as tf

from tf_adapters.export.graph.token_request import read_tokens

LIMITS = {"token_ids": 10, "segment_ids": 2, "task_ids": 3}


@tf.function(autograph=False, reduce_retracing=True)
def read(inputs, task_ids):
    return read_tokens(inputs, task_ids, LIMITS, 8)


def request(rows=2, width=4, **changed):
    inputs = {
        name: np.ones((rows, width), "int32")
        for name in ("token_ids", "segment_ids", "padding_mask")
    }
    task_ids = changed.pop("task_ids", [0, 2])
    inputs = {**inputs, **changed}
    inputs = {k: tf.constant(v, tf.int32) for k, v in inputs.items()}
    return inputs, tf.constant(task_ids, tf.int32)


def test_a_good_request_is_handed_on():
    inputs, task_ids = read(*request())
    assert set(inputs) == {"token_ids", "segment_ids", "padding_mask"}
    assert task_ids.numpy().tolist() == [0, 2]


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"task_ids": [0, 3]}, "`task_ids` must be from 0 to 2. Received: 3."),
        ({"task_ids": [-1, 0]}, "`task_ids` must be from 0 to 2. Received: -1"),
        ({"task_ids": [0]}, "same number of rows.*token_ids=2.*task_ids=1"),
        ({"token_ids": [[1, 10]] * 2, "width": 2}, "from 0 to 9.*10, 10"),
        ({"segment_ids": [[2] * 4] * 2}, "`segment_ids` must be from 0 to 1"),
        ({"width": 9}, "width of `token_ids`.*1 to the .*, 8.*9 columns.*Trun"),
        ({"width": 0}, "width of `token_ids`.*Received: 0 columns"),
        ({"padding_mask": [[1]] * 2}, "same width. Received: 4, 4, 1 columns"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(changed, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        read(*request(**changed))
